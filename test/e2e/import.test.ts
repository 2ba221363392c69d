import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runCommand } from '../support/roamwatch-command.ts'
import { writeSampleLogs } from '../support/sample-logs.ts'
import { sharedPath } from '../support/shared-samples.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const folder = temporaryFolder()
const END = new Date('2026-10-01T00:00:00Z')

type Summary = Record<'files' | 'received' | 'stored' | 'duplicates' | 'dead_lettered' | 'dropped', number> & {
  readonly damaged: readonly { readonly path: string }[]
}

async function importInto(data: string, paths: readonly string[], ...flags: string[]): Promise<Summary> {
  const { code, stdout, stderr } = await runCommand(['import', '--data', data, '--json', ...flags, ...paths])
  expect(code, stderr).toBe(0)
  const summary = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Summary
  expect(summary.received).toBe(summary.stored + summary.duplicates + summary.dead_lettered + summary.dropped)
  return summary
}

async function ask<T>(data: string, sql: string): Promise<T> {
  const { code, stdout, stderr } = await runCommand(['query', '--data', data, '--format', 'ndjson', sql])
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout) as T
}

describe('roamwatch import', () => {
  test('counts every record once, whoever shipped it, and adds nothing the second time', async () => {
    const data = join(folder, 'fleet')
    const logs = temporaryFolder()
    const written = await writeSampleLogs(logs, { seed: 7, devices: 60, days: 5, end: END })
    const first = await importInto(data, [logs])
    expect(first).toMatchObject({ files: 3, received: written, dead_lettered: 0, dropped: 0, damaged: [] })
    expect(first.duplicates).toBeGreaterThan(0)
    const again = await importInto(data, [logs])
    expect(again).toMatchObject({ received: written, stored: 0, duplicates: written })
    const counts = await ask(
      data,
      'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(event_key)) AS keys FROM events',
    )
    expect(counts).toEqual({ rows: first.stored, keys: first.stored })
    const trends = await ask(data, 'SELECT toUInt32(sum(events)) AS events FROM trends_hourly')
    expect(trends).toEqual({ events: first.stored })
  })

  test('ends with 2 when nothing was readable', async () => {
    const path = join(folder, 'notes.txt')
    writeFileSync(path, 'remember the milk\n')
    const { code, stderr } = await runCommand(['import', '--data', join(folder, 'nothing'), path])
    expect(code).toBe(2)
    expect(stderr).toMatch(/notes\.txt: no known format/)
  })

  const evtx = sharedPath('samples', 'evtx')
  test.skipIf(evtx === undefined)('reads the shared event logs with the known counts, twice', async () => {
    const data = join(folder, 'evtx')
    const known = 2261 + 636 + 5 + 449 + 301
    const first = await importInto(data, [evtx ?? ''], '--keep-all')
    expect(first).toMatchObject({ files: 5, received: known, duplicates: 0, dropped: 0 })
    // One record of the damaged file has a System part whose values were zeroed: no time, so no event.
    expect(first.dead_lettered).toBe(1)
    expect(first.damaged.some(({ path }) => path.endsWith('sample_with_a_bad_chunk_magic.evtx'))).toBe(true)
    const again = await importInto(data, [evtx ?? ''], '--keep-all')
    expect(again).toMatchObject({ received: known, stored: 0, duplicates: known - 1 })
  })

  const xml = sharedPath('samples', 'settingsync-debug.xml')
  test.skipIf(xml === undefined)(
    'keeps one row each when Winlogbeat sends the shared records too, with milliseconds only',
    async () => {
      const data = join(folder, 'twice')
      expect(await importInto(data, [xml ?? ''])).toMatchObject({ received: 174, stored: 174 })
      const lines = readFileSync(sharedPath('samples', 'settingsync-debug.ndjson') ?? '', 'utf8')
        .trimEnd()
        .split('\n')
      const beat = join(folder, 'winlogbeat.ndjson')
      writeFileSync(beat, lines.map((line) => `${JSON.stringify(asWinlogbeat(JSON.parse(line) as Plain))}\n`).join(''))
      expect(await importInto(data, [beat])).toMatchObject({ received: 174, stored: 0, duplicates: 174 })
      const rows = await ask(
        data,
        "SELECT toUInt32(count()) AS rows, toUInt32(countIf(shipper = 'event_xml')) AS rich FROM events",
      )
      expect(rows).toEqual({ rows: 174, rich: 174 })
    },
  )
})

type Plain = {
  readonly provider: string
  readonly channel: string
  readonly computer: string
  readonly eventId: number
  readonly eventRecordId: number
  readonly timeCreated: string
  readonly eventData: readonly (readonly [string, string])[]
}

function asWinlogbeat(event: Plain): object {
  return {
    '@timestamp': `${event.timeCreated.slice(0, 23)}Z`,
    agent: { type: 'winlogbeat', version: '8.19.12' },
    winlog: {
      channel: event.channel,
      computer_name: event.computer,
      event_id: String(event.eventId),
      provider_name: event.provider,
      record_id: event.eventRecordId,
      event_data: Object.fromEntries(event.eventData),
    },
  }
}
