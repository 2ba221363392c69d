import { Writable } from 'node:stream'
import pino from 'pino'
import { expect, test } from 'vitest'
import { createLifecycle, type Part } from '../../../../services/runtime/lifecycle.ts'

function setup(deadlineMs = 1000) {
  const lines: Record<string, unknown>[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
      done()
    },
  })
  const calls: string[] = []
  const part = (name: string, own: Partial<Part> = {}): Part => ({
    name,
    start: () => Promise.resolve(void calls.push(`start ${name}`)),
    stop: () => Promise.resolve(void calls.push(`stop ${name}`)),
    ...own,
  })
  return { calls, lines, part, deps: { log: pino(sink), deadlineMs } }
}

test('starts in order and stops in reverse, once', async () => {
  const { calls, part, deps } = setup()
  const lifecycle = createLifecycle([part('a'), part('b')], deps)
  await lifecycle.start()
  expect(await Promise.all([lifecycle.stop(), lifecycle.stop()])).toEqual([true, true])
  await lifecycle.stop()
  expect(calls).toEqual(['start a', 'start b', 'stop b', 'stop a'])
})

test('stops what had started when a part fails to start, and gives its error', async () => {
  const { calls, part, deps } = setup()
  const broken = part('b', { start: () => Promise.reject(new Error('port taken')) })
  const lifecycle = createLifecycle([part('a'), broken, part('c')], deps)
  await expect(lifecycle.start()).rejects.toThrow('port taken')
  expect(calls).toEqual(['start a', 'stop a'])
})

test('goes on stopping the others when one hangs or fails, within one deadline, and says so', async () => {
  const { calls, lines, part, deps } = setup(50)
  const hangs = part('b', { stop: () => new Promise(() => undefined) })
  const fails = part('c', { stop: () => Promise.reject(new Error('no')) })
  const lifecycle = createLifecycle([part('a'), hangs, fails], deps)
  await lifecycle.start()
  expect(await lifecycle.stop()).toBe(false)
  expect(calls).toEqual(['start a', 'start b', 'start c', 'stop a'])
  expect(lines.map((line) => [line['part'], line['msg']])).toEqual([
    ['c', 'failed to stop'],
    ['b', 'did not stop within the deadline'],
  ])
})

test('waits for the part that is starting, then stops it and starts no more, when stopped meanwhile', async () => {
  const { calls, part, deps } = setup()
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const slow = part('a', { start: () => promise.then(() => void calls.push('start a')) })
  const lifecycle = createLifecycle([slow, part('b')], deps)
  const started = lifecycle.start()
  const stopped = lifecycle.stop()
  resolve(undefined)
  await Promise.all([started, stopped])
  expect(calls).toEqual(['start a', 'stop a'])
})

test('ends the waiting of a part that is starting when stopped meanwhile, and says what it said', async () => {
  const { calls, part, deps } = setup(60_000)
  const { promise, reject } = Promise.withResolvers<undefined>()
  const waiting = part('b', { start: () => promise, interrupt: () => reject(new Error('interrupted')) })
  const lifecycle = createLifecycle([part('a'), waiting, part('c')], deps)
  const started = expect(lifecycle.start()).rejects.toThrow('interrupted')
  await Promise.resolve()
  await Promise.all([started, lifecycle.stop()])
  expect(calls).toContain('stop a')
  expect(calls).not.toContain('start c')
})
