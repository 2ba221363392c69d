/** GET /v1/trends: how often something happened, over time and by group. */
import { Type } from 'typebox'
import { filterParameters, timeParameters } from '../../../schemas/api/parameters.ts'
import { INTERVALS, type Interval, MEASURES, type Measure, type Trend } from '../../../schemas/api/queries.ts'
import type { Api, RouteDeps } from '../api.ts'
import { parseFilters } from '../parameters/filters.ts'
import { checkSeries, parseGroupBy, parseTimeZone, seriesLimit, trendRange } from '../parameters/trend.ts'
import { problemResponses, STORE_PROBLEMS } from '../../../schemas/api/problem-responses.ts'

const DEFAULT_MEASURE: Measure = 'events'
const DEFAULT_INTERVAL: Interval = '1h'

const schema = {
  operationId: 'getTrend',
  tags: ['Trends'],
  summary: 'Events, failures, devices or users over time',
  description:
    'Every interval of the range has a point, 0 where nothing happened. `failures` counts the failures of roaming unless a `scope` filter says otherwise; `devices` and `users` are distinct. Takes the filters of `/v1/events`. Without `from` and `to`: the last 7 days.',
  querystring: Type.Object(
    {
      measure: Type.Optional(
        Type.Unsafe<Measure>({
          type: 'string',
          enum: MEASURES,
          default: DEFAULT_MEASURE,
          description: 'What is counted.',
        }),
      ),
      group_by: Type.Optional(
        Type.String({
          maxLength: 200,
          title: 'a comma list of columns',
          description: 'Columns that split the count, separated by commas; at most 4.',
          examples: ['entry,sync_engine'],
        }),
      ),
      interval: Type.Optional(
        Type.Unsafe<Interval>({
          type: 'string',
          enum: INTERVALS,
          default: DEFAULT_INTERVAL,
          description: 'Width of a point.',
        }),
      ),
      ...timeParameters,
      time_zone: Type.Optional(
        Type.String({
          maxLength: 64,
          description:
            'IANA zone whose wall clock the intervals follow: weeks from Monday, days, quarters of a day from 00, 06, 12 and 18, hours. Where clocks change, one of them is longer or shorter; the hour that comes twice is two. UTC unless given.',
          examples: ['Europe/Amsterdam'],
        }),
      ),
      ...filterParameters,
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Unsafe<Trend>({ $ref: 'Trend#' }),
    ...problemResponses(STORE_PROBLEMS),
  },
  'x-codeSamples': [
    {
      lang: 'Shell',
      label: 'Failures by hour and known cause',
      source: `curl -s 'http://127.0.0.1:8080/v1/trends?measure=failures&group_by=entry'`,
    },
    {
      lang: 'Shell',
      label: 'Devices hit by one cause, by day in Amsterdam',
      source: `curl -s 'http://127.0.0.1:8080/v1/trends?measure=devices&entry=known-1098-0xcaa5001c&interval=1d&time_zone=Europe/Amsterdam'`,
    },
  ],
} as const

export function addTrendsRoute(app: Api, { reader, tenant, now }: RouteDeps): void {
  app.get('/v1/trends', { schema }, async function getTrend({ query }) {
    const { measure = DEFAULT_MEASURE, interval = DEFAULT_INTERVAL } = query
    const range = trendRange(query, now())
    const mostSeries = seriesLimit(range, interval)
    const timeZone = parseTimeZone(query.time_zone)
    const trend = await reader.trend({
      tenant,
      measure,
      interval,
      ...range,
      groupBy: parseGroupBy(query.group_by),
      filters: parseFilters(query),
      ...(timeZone === undefined ? {} : { timeZone }),
    })
    checkSeries(trend, mostSeries)
    return trend
  })
}
