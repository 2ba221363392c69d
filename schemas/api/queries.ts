/** What can be asked of the store, and the answers: the words shared by the HTTP routes and the store. */
import { type Static, Type } from 'typebox'
import { ClassifiedEvent } from '../classified-event.ts'
import { EXAMPLE_EVENT } from './example-event.ts'

type Column = keyof ClassifiedEvent

/** Columns that are no filters: what every question says otherwise (tenant, time), lists and maps, and figures without fixed values. */
const NO_FILTERS = [
  'tenant',
  'occurred_at',
  'collected_at',
  'stored_at',
  'data',
  'codes',
  'confidence',
  'candidates',
  'duration_ms',
  'revision',
] as const satisfies readonly Column[]
/** Filters that are no groups: free text, and what is of one event or of its like only. */
const NO_GROUPS = [
  'event_key',
  'version',
  'task',
  'opcode',
  'keywords',
  'record_id',
  'process_id',
  'thread_id',
  'activity_id',
  'correlation_id',
  'message',
  'incident_id',
] as const satisfies readonly Column[]

export type FilterColumn = Exclude<Column, (typeof NO_FILTERS)[number]>
export type GroupColumn = Exclude<FilterColumn, (typeof NO_GROUPS)[number]>

/** Every column that can be a filter, in the order of the event: a new one is, unless it is named above. */
export const FILTER_COLUMNS: readonly FilterColumn[] = (Object.keys(ClassifiedEvent.properties) as Column[]).filter(
  (column): column is FilterColumn => !includes(NO_FILTERS, column),
)
export const GROUP_COLUMNS: readonly GroupColumn[] = FILTER_COLUMNS.filter(
  (column): column is GroupColumn => !includes(NO_GROUPS, column),
)

function includes(columns: readonly Column[], column: Column): boolean {
  return columns.includes(column)
}

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
  /** What `EventPage.next` gave; a reader rejects any other with REQUEST_INVALID. */
  readonly cursor?: string
}
export const EventPage = Type.Object(
  {
    events: Type.Array(Type.Unsafe<ClassifiedEvent>({ $ref: 'ClassifiedEvent#' }), {
      description: 'Newest first; one row per event.',
    }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'Give it back as `cursor` for the next page; null on the last.',
    }),
  },
  {
    $id: 'EventPage',
    description: 'One page of events.',
    examples: [{ events: [EXAMPLE_EVENT], next: null }],
  },
)
export type EventPage = Static<typeof EventPage>

export type TrendQuery = {
  readonly tenant: string
  readonly measure: Measure
  readonly interval: Interval
  readonly from: string
  readonly to: string
  readonly groupBy: readonly GroupColumn[]
  readonly filters: readonly Filter[]
  /** IANA zone whose wall clock the intervals follow; UTC unless given. */
  readonly timeZone?: string
}

const TrendSeries = Type.Object({
  group: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]), {
    description: 'The value of each column of `group_by`; empty without one.',
  }),
  points: Type.Array(
    Type.Unsafe<[string, number]>({
      type: 'array',
      prefixItems: [{ type: 'string' }, { type: 'number' }],
      items: false,
      minItems: 2,
      maxItems: 2,
      description: 'Start of the interval (ISO 8601 UTC) and the number in it.',
    }),
    { description: 'Every interval of the range, 0 where nothing happened.' },
  ),
  total: Type.Number({
    description: 'Over the range; for devices and users the distinct number, not the sum of the points.',
  }),
})
export const Trend = Type.Object(
  {
    measure: Type.Unsafe<Measure>({ type: 'string', enum: MEASURES, description: 'What was counted.' }),
    interval: Type.Unsafe<Interval>({ type: 'string', enum: INTERVALS, description: 'Width of a point.' }),
    from: Type.String({ description: 'ISO 8601 UTC, inclusive.' }),
    to: Type.String({ description: 'ISO 8601 UTC, exclusive.' }),
    group_by: Type.Array(Type.String(), { description: 'As asked.' }),
    series: Type.Array(TrendSeries, {
      description: 'One per group that has an event in the range, largest total first; without `group_by` exactly one.',
    }),
    total: Type.Number({ description: 'Over all series; devices and users are distinct.' }),
    fresh_at: Type.Union([Type.String(), Type.Null()], {
      description: 'When the newest row that was counted was stored: ISO 8601 UTC; null without one.',
    }),
  },
  {
    $id: 'Trend',
    description: 'How often something happened, over time.',
    examples: [
      {
        measure: 'failures',
        interval: '1h',
        from: '2026-11-01T00:00:00Z',
        to: '2026-11-01T03:00:00Z',
        group_by: ['entry'],
        series: [
          {
            group: { entry: 'known-1098-0xcaa5001c' },
            points: [
              ['2026-11-01T00:00:00Z', 3],
              ['2026-11-01T01:00:00Z', 0],
              ['2026-11-01T02:00:00Z', 1],
            ],
            total: 4,
          },
        ],
        total: 4,
        fresh_at: '2026-11-01T02:41:07.120Z',
      },
    ],
  },
)
export type Trend = Static<typeof Trend>
