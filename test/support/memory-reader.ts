/**
 * The reader's port over an array: for tests of the API without an engine. It keeps what the port promises (one row per
 * key, newest first, cursors, filters, filled trends) in the plainest way; it is not fast.
 */
import type { EventQuery, Filter, Interval, Trend, TrendQuery } from '../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import { AppError } from '../../services/runtime/errors.ts'
import type { EventReader } from '../../services/store/event-store.ts'

const HOUR_MS = 3_600_000
const QUARTER_MS = HOUR_MS / 4
const WEEK_MS = 7 * 24 * HOUR_MS

export function createMemoryReader(rows: readonly ClassifiedEvent[]): EventReader {
  const byKey = new Map<string, ClassifiedEvent>()
  for (const row of rows) {
    const key = `${row.tenant}/${row.event_key}`
    const present = byKey.get(key)
    if (present === undefined || BigInt(row.revision) >= BigInt(present.revision)) byKey.set(key, row)
  }
  const stored = [...byKey.values()].sort((a, b) => (sortKey(a) < sortKey(b) ? 1 : -1))

  function matching(query: Omit<EventQuery, 'limit' | 'cursor'>): ClassifiedEvent[] {
    return stored.filter(
      (row) =>
        row.tenant === query.tenant &&
        (query.from === undefined || row.occurred_at >= sevenDigits(query.from)) &&
        (query.to === undefined || row.occurred_at < sevenDigits(query.to)) &&
        query.filters.every((filter) => passes(row, filter)),
    )
  }

  return {
    events: (query) => {
      const after = query.cursor === undefined ? undefined : readCursor(query.cursor)
      const left = matching(query).filter((row) => after === undefined || sortKey(row) < after)
      const events = left.slice(0, query.limit)
      const last = events.at(-1)
      const next = left.length > events.length && last !== undefined ? writeCursor(sortKey(last)) : null
      return Promise.resolve({ events, next })
    },
    event: (tenant, eventKey) => Promise.resolve(byKey.get(`${tenant}/${eventKey}`)),
    trend: (query) => Promise.resolve(trendOf(query, matching(query))),
    ping: () => Promise.resolve(),
  }
}

function passes(row: ClassifiedEvent, { column, values, not }: Filter): boolean {
  const value = row[column]
  return values.includes(value === null ? null : String(value)) !== not
}

function sortKey(row: ClassifiedEvent): string {
  return `${row.occurred_at} ${row.event_key}`
}

function sevenDigits(time: string): string {
  const [second = '', fraction = ''] = time.slice(0, -1).split('.')
  return `${second}.${fraction.padEnd(7, '0')}Z`
}

function writeCursor(key: string): string {
  return Buffer.from(key).toString('base64url')
}

function readCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString()
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+Z [0-9a-f]{32}$/.test(key)) {
    throw new AppError('REQUEST_INVALID', 'the cursor is not one that was given')
  }
  return key
}

function trendOf(query: TrendQuery, rows: readonly ClassifiedEvent[]): Trend {
  const hasScope = query.filters.some(({ column }) => column === 'scope')
  const counted = rows.filter(
    (row) => query.measure !== 'failures' || (row.outcome === 'failure' && (hasScope || row.scope === 'roaming')),
  )
  const groups = Map.groupBy(counted, (row) => JSON.stringify(query.groupBy.map((column) => row[column])))
  if (query.groupBy.length === 0 && groups.size === 0) groups.set('[]', [])
  const starts = intervalStarts(query)
  const series = [...groups.values()].map((members) => ({
    group: Object.fromEntries(query.groupBy.map((column) => [column, members[0]?.[column] ?? null])),
    points: starts.map((start, index): [string, number] => [
      isoSecond(start),
      measure(
        query,
        members.filter((row) => isIn(row, start, starts[index + 1] ?? Infinity)),
      ),
    ]),
    total: measure(query, members),
  }))
  series.sort((a, b) => b.total - a.total)
  const { measure: measured, interval, from, to } = query
  const fresh_at =
    counted
      .map((row) => row.stored_at ?? '')
      .sort()
      .at(-1) ?? null
  return {
    measure: measured,
    interval,
    from,
    to,
    group_by: [...query.groupBy],
    series,
    total: measure(query, counted),
    fresh_at,
  }
}

function measure(query: TrendQuery, rows: readonly ClassifiedEvent[]): number {
  if (query.measure === 'devices') return new Set(rows.map((row) => row.device)).size
  if (query.measure === 'users')
    return new Set(rows.map((row) => row.user_sid ?? row.user).filter((user) => user !== null)).size
  return rows.length
}

function isIn(row: ClassifiedEvent, start: number, end: number): boolean {
  const ms = Date.parse(row.occurred_at)
  return ms >= start && ms < end
}

function isoSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** Walks the quarters of an hour of the range, on which all zones of today change, and keeps those that begin an interval in the zone. */
function intervalStarts(query: TrendQuery): number[] {
  const nameOf = intervalNamer(query.interval, query.timeZone ?? 'UTC')
  const from = Date.parse(query.from)
  const starts: number[] = []
  let newest = ''
  for (let ms = Math.floor(from / WEEK_MS) * WEEK_MS - 2 * WEEK_MS; ms < Date.parse(query.to); ms += QUARTER_MS) {
    const name = nameOf(ms)
    const isNew = query.interval === '1h' ? name !== newest : name > newest
    if (!isNew) continue
    newest = name
    starts.push(ms)
  }
  const first = starts.findLastIndex((start) => start <= from)
  return starts.slice(first)
}

/** What wall clock and calendar call the interval of an instant. An hour that comes twice has two names. */
function intervalNamer(interval: Interval, zone: string): (ms: number) => string {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  })
  return (ms) => {
    const part = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]))
    const day = `${part['year']}-${part['month']}-${part['day']}`
    const hour = Number(part['hour'])
    if (interval === '1h') return `${day} ${hour} ${part['timeZoneName']}`
    if (interval === '6h') return `${day} ${Math.floor(hour / 6)}`
    if (interval === '1d') return day
    const weekday = (new Date(day).getUTCDay() + 6) % 7
    return new Date(Date.parse(day) - weekday * 24 * HOUR_MS).toISOString()
  }
}
