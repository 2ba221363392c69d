import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AppError } from '../../../../../services/runtime/errors.ts'
import { createLifecycle } from '../../../../../services/runtime/lifecycle.ts'
import { createLogger } from '../../../../../services/runtime/logging.ts'
import { untilAvailable } from '../../../../../services/transport/kafka/until-available.ts'
import { planOf, sinkOf, sourceOf } from '../../../../integration/kafka/kafka-parts.ts'

const log = createLogger({ level: 'silent', service: 'test' })
const unavailable = () => new AppError('BROKER_UNAVAILABLE', 'away', { retryable: true })

describe('waiting for brokers', () => {
  it('tries again while they do not answer, and tells of every failure', async () => {
    const failures: AppError[] = []
    let tries = 0
    const attempt = () => (++tries < 2 ? Promise.reject(unavailable()) : Promise.resolve('there'))
    const onFailure = (error: AppError) => failures.push(error)
    const discard = () => Promise.reject(new Error('nobody stopped'))
    const signal = new AbortController().signal
    expect(await untilAvailable(attempt, { log, signal, onFailure, discard })).toBe('there')
    expect(failures.map(({ code }) => code)).toEqual(['BROKER_UNAVAILABLE'])
  })

  it('ends while an attempt is under way, and gives what that brings to be closed', async () => {
    const stopping = new AbortController()
    const { promise, resolve } = Promise.withResolvers<string>()
    const { promise: discarded, resolve: discard } = Promise.withResolvers<string>()
    const waiting = untilAvailable(() => promise, {
      log,
      signal: stopping.signal,
      discard(result) {
        discard(result)
        return Promise.resolve()
      },
    })
    stopping.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'STOPPING' })
    resolve('a connection')
    expect(await discarded).toBe('a connection')
  })

  it('ends quietly when the attempt that was left fails later', async () => {
    const stopping = new AbortController()
    const { promise, reject } = Promise.withResolvers<string>()
    const discard = () => Promise.resolve()
    const waiting = untilAvailable(() => promise, { log, signal: stopping.signal, discard })
    stopping.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'STOPPING' })
    reject(unavailable())
    await expect(promise).rejects.toThrow('away')
  })
})

describe.each([
  ['a sink', (broker: string) => sinkOf([broker], planOf(1))],
  ['a source', (broker: string) => sourceOf([broker], planOf(1), () => Promise.resolve([]))],
])('%s whose broker takes connections and says nothing', (_name, create) => {
  it('stops before the attempt to reach it is over', async () => {
    const order: string[] = []
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume()
      socket.once('close', () => order.push('connection closed'))
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    const connected = once(server, 'connection')
    await once(server, 'listening')
    const part = create(`127.0.0.1:${(server.address() as AddressInfo).port}`)
    const lifecycle = createLifecycle(
      [{ name: 'kafka', start: () => part.start(), stop: () => part.stop(), interrupt: () => void part.stop() }],
      { log, deadlineMs: 60_000 },
    )
    const started = lifecycle.start().catch((error: unknown) => order.push((error as AppError).code))
    const [socket] = (await connected) as [{ destroy(): void }]
    expect(await lifecycle.stop()).toBe(true)
    order.push('stopped')
    await started
    expect(order.toSorted()).toEqual(['STOPPING', 'stopped'])
    socket.destroy()
  })
})
