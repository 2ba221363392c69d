/** What can be asked of the store, and the answers: the words shared by the HTTP routes and the store. */
import { type Static, Type } from 'typebox'
import { ClassifiedEvent } from '../classified-event.ts'

/** Every column that can be a filter or, where it is not free text or an identifier of one event, a group. */
export const FILTER_COLUMNS = [
  'event_key',
  'computer',
  'device',
  'device_id',
  'channel',
  'provider',
  'event_id',
  'version',
  'level',
  'task',
  'opcode',
  'keywords',
  'record_id',
  'user_sid',
  'user',
  'process_id',
  'thread_id',
  'activity_id',
  'correlation_id',
  'message',
  'shipper',
  'fingerprint',
  'sync_engine',
  'scope',
  'outcome',
  'code',
  'aadsts',
  'symbol',
  'category',
  'transient',
  'entry',
  'rule',
  'collection',
  'incident_id',
  'os_build',
  'os_ubr',
  'join_type',
  'catalog_version',
] as const
export type FilterColumn = (typeof FILTER_COLUMNS)[number]

export const GROUP_COLUMNS = [
  'computer',
  'device',
  'device_id',
  'channel',
  'provider',
  'event_id',
  'level',
  'user_sid',
  'user',
  'shipper',
  'fingerprint',
  'sync_engine',
  'scope',
  'outcome',
  'code',
  'aadsts',
  'symbol',
  'category',
  'transient',
  'entry',
  'rule',
  'collection',
  'os_build',
  'os_ubr',
  'join_type',
  'catalog_version',
] as const
export type GroupColumn = (typeof GROUP_COLUMNS)[number]

/** `values`: any of them; null = the column has no value. `not`: none of them. Values are text; the store casts them. */
export type Filter = {
  readonly column: FilterColumn
  readonly values: readonly (string | null)[]
  readonly not: boolean
}

export const MEASURES = ['events', 'failures', 'devices', 'users'] as const
export type Measure = (typeof MEASURES)[number]
export const INTERVALS = ['1h', '6h', '1d', '1w'] as const
export type Interval = (typeof INTERVALS)[number]

export type EventQuery = {
  readonly tenant: string
  /** ISO 8601 UTC; `from` inclusive, `to` exclusive; undefined = unbounded. */
  readonly from?: string
  readonly to?: string
  readonly filters: readonly Filter[]
  readonly limit: number
  /** What `EventPage.next` gave. */
  readonly cursor?: string
}
export const EventPage = Type.Object({
  events: Type.Array(ClassifiedEvent),
  next: Type.Union([Type.String(), Type.Null()], { description: 'Cursor of the next page; null on the last.' }),
})
export type EventPage = Static<typeof EventPage>

export type TrendQuery = {
  readonly tenant: string
  readonly measure: Measure
  readonly interval: Interval
  readonly from: string
  readonly to: string
  readonly groupBy: readonly GroupColumn[]
  readonly filters: readonly Filter[]
  /** IANA zone that days and weeks follow; UTC unless given. */
  readonly timeZone?: string
}
export const Trend = Type.Object({
  measure: Type.String(),
  interval: Type.String(),
  from: Type.String(),
  to: Type.String(),
  group_by: Type.Array(Type.String()),
  series: Type.Array(
    Type.Object({
      group: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()])),
      points: Type.Array(Type.Tuple([Type.String(), Type.Number()]), {
        description: 'Every interval of the range, 0 where nothing happened.',
      }),
      total: Type.Number({
        description: 'Over the range; for devices and users the distinct number, not the sum of the points.',
      }),
    }),
  ),
  total: Type.Number(),
  fresh_at: Type.Union([Type.String(), Type.Null()], {
    description: 'When the newest row that was counted was stored.',
  }),
})
export type Trend = Static<typeof Trend>
