/** Ways in which ClickHouse, or what stands in front of it, says no: each is tried in turn. */
import type { ServerResponse } from 'node:http'

type Answer = (answer: ServerResponse) => void

const REFUSALS: readonly Answer[] = [
  plain(503, 'no server is ready'),
  exception(252, 'TOO_MANY_PARTS', 'Too many parts. Merges are processing significantly slower than inserts'),
  exception(241, 'MEMORY_LIMIT_EXCEEDED', 'Memory limit (total) exceeded'),
  exception(243, 'NOT_ENOUGH_SPACE', 'Cannot reserve 1.00 MiB, not enough space'),
  exception(242, 'TABLE_IS_READ_ONLY', 'Table is in readonly mode'),
  plain(429, 'slow down'),
  reset,
]

const WRONG_ANSWERS: readonly Answer[] = [
  reset,
  exception(209, 'SOCKET_TIMEOUT', 'Timeout exceeded while writing to socket'),
  plain(504, 'the server did not answer in time'),
  cutAnswer,
  exception(159, 'TIMEOUT_EXCEEDED', 'Timeout exceeded: elapsed 30 seconds'),
  plain(500, ''),
  exception(319, 'UNKNOWN_STATUS_OF_INSERT', 'Unknown status, client must retry'),
]

/** `turn` chooses the way. */
export function refuse(answer: ServerResponse, turn: number): void {
  REFUSALS[turn % REFUSALS.length]?.(answer)
}

/** Of an insert that was done, or, with `isDone` false, was tried: its sender hears that it failed. */
export function answerWrongly(isDone: boolean, answer: ServerResponse, turn: number): void {
  if (isDone) WRONG_ANSWERS[turn % WRONG_ANSWERS.length]?.(answer)
  else reset(answer)
}

function plain(status: number, text: string): Answer {
  return (answer) => {
    answer.writeHead(status, { 'content-type': 'text/plain' })
    answer.end(text)
  }
}

function exception(code: number, name: string, words: string): Answer {
  return (answer) => {
    answer.writeHead(500, { 'content-type': 'text/plain', 'x-clickhouse-exception-code': String(code) })
    answer.end(`Code: ${code}. DB::Exception: ${words}. (${name}) (version 26.7.2.1)`)
  }
}

function reset(answer: ServerResponse): void {
  answer.socket?.resetAndDestroy()
}

/** A status that says yes, and an end that never comes. */
function cutAnswer(answer: ServerResponse): void {
  answer.writeHead(200, { 'content-type': 'text/plain', 'content-length': '100' })
  answer.write('x', () => answer.socket?.destroy())
}
