/** Reads back what the services made of it: rows and views straight from ClickHouse, trends as the query API answers them. */
import { type Client, openClient } from '../../services/store/clickhouse/client.ts'
import type { Trend } from '../../schemas/api/queries.ts'
import { OLDEST_DAYS } from './known-events.ts'
import type { Counts, Observed } from './oracle.ts'
import type { StoreTarget } from './store-proxy.ts'

const DATABASE = 'roamwatch'
const DAY_MS = 86_400_000
const MARK = 'broken-[a-z]+-[0-9]+-end'

/** The verdict of every key by the copy with the highest revision, without asking for FINAL. */
const VERDICTS = `
SELECT concat(toString(hour), '/', outcome, '/', ifNull(entry, '')) AS name, toString(count()) AS n
FROM (
  SELECT toUnixTimestamp(toStartOfHour(occurred_second)) AS hour, argMax(outcome, revision) AS outcome,
    argMax(tuple(entry), revision).1 AS entry
  FROM ${DATABASE}._events GROUP BY tenant, event_key, occurred_second)
GROUP BY name`

const HOURLY = `
SELECT concat(toString(toUnixTimestamp(hour)), '/', toString(event_id)) AS name, toString(sum(events)) AS n
FROM ${DATABASE}.trends_hourly GROUP BY name`

/** `endMs`: the newest event's time. */
export async function observe(target: StoreTarget, apiUrl: string, endMs: number): Promise<Observed> {
  const client = openClient({ ...target, username: 'admin', database: DATABASE })
  try {
    return {
      keys: (await rowsOf(client, `SELECT event_key FROM ${DATABASE}.events`)).map(([key]) => key!),
      letters: (
        await rowsOf(client, `SELECT extract(base64Decode(bytes), '${MARK}') FROM ${DATABASE}.dead_letters`)
      ).map(([mark]) => (mark === '' ? null : mark!)),
      trend: await trendOf(apiUrl, endMs, ['event_id']),
      hourly: await countsOf(client, HOURLY),
      verdicts: await trendOf(apiUrl, endMs, ['outcome', 'entry']),
      verdictsOfRows: await countsOf(client, VERDICTS),
    }
  } finally {
    await client.close()
  }
}

async function rowsOf(client: Client, query: string): Promise<string[][]> {
  const answer = await client.query({ query, format: 'TabSeparated' })
  const text = await answer.text()
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'))
}

async function countsOf(client: Client, query: string): Promise<Counts> {
  return new Map((await rowsOf(client, query)).map(([name, n]) => [name!, Number(n)]))
}

async function trendOf(apiUrl: string, endMs: number, columns: readonly string[]): Promise<Counts> {
  const range = { from: new Date(endMs - (OLDEST_DAYS + 1) * DAY_MS), to: new Date(endMs + DAY_MS) }
  const query = new URLSearchParams({
    measure: 'events',
    interval: '1h',
    group_by: columns.join(','),
    from: range.from.toISOString(),
    to: range.to.toISOString(),
  })
  const response = await fetch(`${apiUrl}/v1/trends?${query.toString()}`)
  if (response.status !== 200)
    throw new Error(`the trend is answered with ${response.status}: ${await response.text()}`)
  const trend = (await response.json()) as Trend
  const counts = new Map<string, number>()
  for (const { group, points } of trend.series) {
    const name = columns.map((column) => String(group[column] ?? '')).join('/')
    for (const [start, n] of points) if (n > 0) counts.set(`${Date.parse(start) / 1000}/${name}`, n)
  }
  return counts
}
