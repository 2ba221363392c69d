import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type StoreProxy, startStoreProxy } from './store-proxy.ts'

const INSERT = '/?query=INSERT%20INTO%20roamwatch._events%20FORMAT%20RowBinary'
let server: Server
let proxy: StoreProxy
/** Bodies of what arrived whole, and whose they were. */
let arrived: { url: string; body: string; authorization: string | undefined }[]
let torn: number

beforeEach(async () => {
  arrived = []
  torn = 0
  server = createServer((request, response) => {
    text(request).then(
      (body) => {
        arrived.push({ url: request.url ?? '', body, authorization: request.headers.authorization })
        response.end('done')
      },
      () => torn++,
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  proxy = await startStoreProxy(() => ({ url, password: 'new' }))
})
afterEach(async () => {
  await proxy.close()
  server.close()
})

const insert = (body: string) => fetch(`${proxy.url}${INSERT}`, { method: 'POST', body })

test('passes requests on, logged in with the password that the engine has now', async () => {
  const response = await insert('rows')
  expect([response.status, await response.text()]).toEqual([200, 'done'])
  expect(arrived).toEqual([{ url: INSERT, body: 'rows', authorization: `Basic ${btoa('admin:new')}` }])
})

test('refuses inserts and nothing else, and none of what was refused arrives', async () => {
  proxy.setInserts('refuse')
  const answers = await Promise.allSettled(Array.from({ length: 14 }, () => insert('rows')))
  for (const answer of answers) {
    if (answer.status === 'fulfilled') expect(answer.value.status).toBeGreaterThanOrEqual(400)
  }
  expect(answers.some(({ status }) => status === 'rejected')).toBe(true)
  expect(answers.some(({ status }) => status === 'fulfilled')).toBe(true)
  expect((await fetch(`${proxy.url}/?query=SELECT%201`, { method: 'POST', body: '' })).status).toBe(200)
  expect(arrived.map(({ url }) => url)).toEqual(['/?query=SELECT%201'])
})

test('does inserts and says that they failed, in every way there is', async () => {
  proxy.setInserts('lie')
  for (let turn = 1; turn <= 14; turn++) {
    const outcome = await insert(`rows ${turn}`)
      .then(
        async (response) => (response.status === 200 ? await response.text() : response.status),
        () => 'reset',
      )
      .catch(() => 'cut off')
    expect(outcome).not.toBe('done')
    expect(arrived).toHaveLength(turn)
  }
})

test('cuts inserts off in the middle: the rest never arrives', async () => {
  proxy.setInserts('half')
  await expect(insert('x'.repeat(100_000))).rejects.toThrow()
  await vi.waitFor(() => expect(torn).toBe(1))
  expect(arrived).toEqual([])
})

test('does late inserts after their sender heard that they failed', async () => {
  proxy.setInserts('late')
  await expect(insert('late rows')).rejects.toThrow()
  expect(arrived).toEqual([])
  expect(proxy.pending).toBe(1)
  await vi.waitFor(() => expect(arrived.map(({ body }) => body)).toEqual(['late rows']), { timeout: 10_000 })
  await vi.waitFor(() => expect(proxy.pending).toBe(0))
})

test('holds requests while stalled, resets them while gone', async () => {
  proxy.setStalled(true)
  const held = insert('held')
  await vi.waitFor(() => expect(proxy.pending).toBe(1))
  expect(arrived).toEqual([])
  proxy.setStalled(false)
  expect((await held).status).toBe(200)
  proxy.setGone(true)
  await expect(insert('gone')).rejects.toThrow()
  proxy.setGone(false)
  expect((await insert('back')).status).toBe(200)
})

test('lets one insert after the other through where a rate is set', async () => {
  proxy.setRate(1_000_000)
  const answers = await Promise.all(Array.from({ length: 5 }, (_, at) => insert(String(at).repeat(1_000))))
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  expect(arrived).toHaveLength(5)
})
