/** Reads events: pages, newest first, and one by its key. Every reader sees one row per key, judged and filtered as it stands now. */
import type { EventPage, EventQuery } from '../../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { AppError } from '../../runtime/errors.ts'
import { type Client, select } from './client.ts'
import { EVENT_COLUMNS, type EventRow, toEvent } from './event-row.ts'
import { type Condition, filterCondition } from './filter-sql.ts'
import { floorCondition } from './retention.ts'
import { LAST_SECOND, parseBound } from './times.ts'

export type ReadDeps = {
  readonly database: string
  client(): Promise<Client>
  /** Longest a query may run, in seconds; beyond it QUERY_TIMEOUT. */
  readonly maxSeconds: number
}

/** First window searched for the newest events, in seconds; each further one is four times as long. */
const FIRST_WINDOW = 3600
const KEY = /^[0-9a-f]{32}$/i

export function createEventReader(deps: ReadDeps) {
  const limits = { max_execution_time: deps.maxSeconds }
  return {
    async event(tenant: string, eventKey: string): Promise<ClassifiedEvent | undefined> {
      if (!KEY.test(eventKey)) return undefined
      const query = `SELECT ${EVENT_COLUMNS} FROM ${deps.database}._events AS e FINAL
        WHERE e.event_key = toFixedString(unhex({key: String}), 16) AND tenant = {tenant: String} AND ${floorCondition(deps.database)}`
      const rows = await select<EventRow>(await deps.client(), query, { tenant, key: eventKey }, limits, 'question')
      return rows[0] === undefined ? undefined : toEvent(rows[0])
    },

    async events(query: EventQuery): Promise<EventPage> {
      const client = await deps.client()
      const page = readQuery(query)
      const range = await findRange(client, deps, query.tenant, page)
      const rows: EventRow[] = []
      let last = range.last
      for (let length = FIRST_WINDOW; rows.length <= query.limit && last >= range.first; length *= 4) {
        const first = Math.max(range.first, last - length + 1)
        const wanted = query.limit + 1 - rows.length
        const params = { ...page.condition.params, tenant: query.tenant, first, last, wanted }
        rows.push(
          ...(await select<EventRow>(
            client,
            windowQuery(deps.database, page.condition.sql),
            params,
            limits,
            'question',
          )),
        )
        last = first - 1
      }
      const events = rows.slice(0, query.limit).map(toEvent)
      const end = events.at(-1)
      return { events, next: rows.length > query.limit && end !== undefined ? toCursor(end) : null }
    },
  }
}

type PageQuery = { readonly first: number; readonly last: number; readonly condition: Condition }

function readQuery(query: EventQuery): PageQuery {
  const filter = filterCondition(query.filters)
  const parts = [filter.sql]
  const params: Record<string, unknown> = { ...filter.params }
  const from = query.from === undefined ? undefined : parseBound('from', query.from)
  const to = query.to === undefined ? undefined : parseBound('to', query.to)
  const cursor = query.cursor === undefined ? undefined : fromCursor(query.cursor)
  if (from !== undefined) parts.push(`occurred_at >= {from: DateTime64(7, 'UTC')}`)
  if (to !== undefined) parts.push(`occurred_at < {to: DateTime64(7, 'UTC')}`)
  if (cursor !== undefined) {
    parts.push(`(occurred_at, event_key) < ({at: DateTime64(7, 'UTC')}, toFixedString(unhex({key: String}), 16))`)
  }
  Object.assign(
    params,
    from && { from: from.text },
    to && { to: to.text },
    cursor && { at: cursor.at.text, key: cursor.key },
  )
  const last = Math.min(to?.second ?? LAST_SECOND, cursor?.at.second ?? LAST_SECOND)
  return { first: from?.second ?? 0, last, condition: { sql: parts.join(' AND '), params } }
}

/** The seconds between which the tenant has events at all, cut to those asked for. */
async function findRange(client: Client, deps: ReadDeps, tenant: string, page: PageQuery) {
  const where = `tenant = {tenant: String} AND occurred_second BETWEEN {first: UInt32} AND {last: UInt32} AND ${floorCondition(deps.database)}`
  const edge = (order: 'ASC' | 'DESC') =>
    `(SELECT toUInt32(occurred_second) FROM ${deps.database}._events WHERE ${where} ORDER BY occurred_second ${order} LIMIT 1)`
  const query = `SELECT ifNull(${edge('ASC')}, 1) AS first, ifNull(${edge('DESC')}, 0) AS last`
  const [range] = await select<{ first: number; last: number }>(
    client,
    query,
    { tenant, first: page.first, last: page.last },
    {},
    'question',
  )
  return range ?? { first: 1, last: 0 }
}

/** Finds the keys in narrow columns first and reads the wide ones of those rows only. */
function windowQuery(database: string, condition: string): string {
  const inWindow = `tenant = {tenant: String} AND occurred_second BETWEEN {first: UInt32} AND {last: UInt32} AND ${floorCondition(database)}`
  return `SELECT ${EVENT_COLUMNS} FROM ${database}._events AS e FINAL
    WHERE e.tenant = {tenant: String} AND (e.occurred_second, e.event_key) IN (
      SELECT occurred_second, event_key FROM ${database}._events FINAL
      WHERE ${inWindow} AND ${condition}
      ORDER BY occurred_at DESC, event_key DESC LIMIT {wanted: UInt32})
    ORDER BY e.occurred_at DESC, e.event_key DESC`
}

function toCursor(event: ClassifiedEvent): string {
  return Buffer.from(`${event.occurred_at} ${event.event_key}`).toString('base64url')
}

function fromCursor(cursor: string) {
  const [at, key, ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  if (at === undefined || key === undefined || rest.length > 0 || !KEY.test(key)) {
    throw new AppError('REQUEST_INVALID', 'cursor is not one that this API gave')
  }
  return { at: parseBound('cursor', at), key }
}
