import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sharedPath } from '../../../support/shared-samples.ts'
import { rowOf } from './a-pipeline.ts'

type Record174 = {
  provider: string
  eventId: number
  version: number
  level: number
  channel: string
  computer: string
  eventRecordId: number
  timeCreated: string
  eventData: [string, string][]
}

const path = sharedPath('samples', 'settingsync-debug.ndjson')
if (path === undefined) console.log('shared-sample.test.ts: ../shared/samples is not here, real records are not judged')

describe.skipIf(path === undefined)('174 real trace lines of SettingSync/Debug', () => {
  const records =
    path === undefined
      ? []
      : readFileSync(path, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Record174)
  const rows = records.map((record) => ({
    text: record.eventData[0]?.[1] ?? '',
    row: rowOf({
      computer: record.computer.toLowerCase(),
      channel: record.channel,
      provider: record.provider,
      event_id: record.eventId,
      version: record.version,
      level: record.level,
      record_id: String(record.eventRecordId),
      occurred_at: record.timeCreated,
      data: Object.fromEntries(record.eventData),
    }),
  }))

  it('have, each, the HRESULT that their line carries as code', () => {
    expect(rows).toHaveLength(174)
    for (const { text, row } of rows) {
      // Read independently: the only eight hex digits that begin with 8007.
      const carried = /\b(?:0x)?(8007[0-9A-Fa-f]{4})\b/.exec(text)?.[1]
      expect(row.code).toBe(`0x${(carried ?? '?').toUpperCase()}`)
      expect(row.codes).toEqual([row.code])
    }
    const counts = new Map<string | null, number>()
    for (const { row } of rows) counts.set(row.code, (counts.get(row.code) ?? 0) + 1)
    expect(Object.fromEntries(counts)).toEqual({ '0x80070002': 1, '0x800704EC': 1, '0x800708CA': 172 })
  })

  it('are failures of roaming, none of another application', () => {
    for (const { row } of rows) {
      expect(row).toMatchObject({ scope: 'roaming', outcome: 'failure', sync_engine: 'settingsync', entry: null })
    }
  })

  it('repeat in six fingerprints, and each is an event of its own', () => {
    expect(new Set(rows.map(({ row }) => row.fingerprint)).size).toBe(6)
    expect(new Set(rows.map(({ row }) => row.event_key)).size).toBe(174)
  })
})
