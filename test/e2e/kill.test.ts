import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createRandom } from '../../collectors/simulator/random.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { readEngineCard } from '../../services/store/clickhouse/engine/engine-files.ts'
import { runCommand, startCommand } from '../support/roamwatch-command.ts'
import { writeSampleLogs } from '../support/sample-logs.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ROUNDS = 20
const VICTIMS = ['importer', 'engine', 'both'] as const

/** Ends a process hard; that it has ended already is fine. */
function kill(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

type Group = Pick<ClassifiedEvent, 'entry' | 'outcome'> & { readonly hour: string }
const nameOf = ({ hour, entry, outcome }: Group) => `${hour} ${entry ?? 'none'} ${outcome}`

/** Events by hour, cause and outcome, told without any store. */
async function expectedTrends(logs: string): Promise<{ keys: number; trends: Record<string, number> }> {
  const { stdout } = await runCommand(['classify', logs])
  const best = new Map<string, ClassifiedEvent>()
  for (const line of stdout.split('\n')) {
    if (line === '') continue
    const row = JSON.parse(line) as ClassifiedEvent
    const other = best.get(row.event_key)
    if (other === undefined || BigInt(row.revision) > BigInt(other.revision)) best.set(row.event_key, row)
  }
  const trends: Record<string, number> = {}
  for (const { occurred_at, entry, outcome } of best.values()) {
    const name = nameOf({ hour: occurred_at.slice(0, 13), entry, outcome })
    trends[name] = (trends[name] ?? 0) + 1
  }
  return { keys: best.size, trends }
}

async function ask<T>(data: string, sql: string): Promise<T[]> {
  const { code, stdout, stderr } = await runCommand(['query', '--data', data, '--format', 'ndjson', sql])
  expect(code, stderr).toBe(0)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

test(
  `loses and doubles nothing when importer, engine or both are killed ${ROUNDS} times during an import`,
  { timeout: 300_000 },
  async () => {
    const [logs, folder] = [temporaryFolder(), temporaryFolder()]
    const data = join(folder, 'data')
    const random = createRandom(20261124, 'kill')
    for (let round = 0; round < ROUNDS; round++) {
      const fresh = join(logs, String(round)) // so that every kill meets records that are not in the store yet
      mkdirSync(fresh)
      await writeSampleLogs(fresh, { seed: round, devices: 60, days: 14, end: new Date('2026-10-01T00:00:00Z') })
      const importer = startCommand(['import', '--data', data, fresh])
      importer.stdout?.resume()
      importer.stderr?.resume()
      const closed = once(importer, 'close')
      await Promise.race([setTimeout(random.between(400, 2200)), closed])
      const victim = VICTIMS[round % VICTIMS.length]
      if (victim !== 'importer') kill((await readEngineCard(data))?.pid)
      if (victim !== 'engine') kill(importer.pid)
      await closed // an importer whose engine was killed starts it again and ends well
    }
    const { code, stderr } = await runCommand(['import', '--data', data, logs])
    expect(code, stderr).toBe(0)

    const { keys, trends } = await expectedTrends(logs)
    const [counts] = await ask(
      data,
      'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(event_key)) AS keys FROM events',
    )
    expect(counts).toEqual({ rows: keys, keys })
    const stored = await ask<Group & { events: number }>(
      data,
      `SELECT formatDateTime(hour, '%Y-%m-%dT%H') AS hour, entry, outcome, toUInt32(sum(events)) AS events FROM trends_hourly GROUP BY ALL`,
    )
    expect(Object.fromEntries(stored.map((group) => [nameOf(group), group.events]))).toEqual(trends)
  },
)
