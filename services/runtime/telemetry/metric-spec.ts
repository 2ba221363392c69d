/** What is said of a metric, and the attributes that metrics may have. */
export type MetricSpec = {
  /** updown: may fall; gauge: a value of now. `observed`: read when metrics are collected, rather than recorded. */
  readonly kind: 'counter' | 'updown' | 'gauge' | 'histogram'
  readonly isObserved: boolean
  /** UCUM: s, By, 1, or `{thing}` for a count. */
  readonly unit: string
  readonly description: string
  readonly attributes: readonly AttributeName[]
  /** Of a histogram: upper bounds of its buckets. */
  readonly buckets?: readonly number[]
}

/** What attributes say. */
export const ATTRIBUTES = {
  'messaging.system': 'always `kafka`',
  'messaging.operation.name': '`send`, `poll`, `process` or `commit`',
  'messaging.operation.type': '`send`, `receive`, `process` or `settle`',
  'messaging.destination.name': 'topic; of the settings',
  'messaging.destination.partition.id': 'partition of the topic',
  'messaging.consumer.group.name': 'consumer group; of the settings',
  'db.system.name': 'always `clickhouse`',
  'db.namespace': 'database; of the settings',
  'db.operation.name': 'first word of the statement, for example `INSERT`; `_OTHER` where it is none of a fixed list',
  'db.collection.name': 'table; only where one is written or looked up in',
  'http.request.method': 'method; `_OTHER` where it is none of the standard ones',
  'http.route': 'the route’s pattern, for example `/v1/events/:event_key`; absent where there is none',
  'http.response.status_code': 'status of the answer; absent where the client left before it',
  'url.scheme': 'always `http`',
  'error.type': 'a code of docs/errors.md, an HTTP status from 500 on, or `_OTHER`; absent where all went well',
  'cpu.mode': '`user` or `system`',
  'roamwatch.source': 'kind of source: `http`, `kafka`, `file` or `simulator`',
  'roamwatch.reason': 'reason of a dead letter: a word of docs/errors.md',
  'roamwatch.rule': 'rule that left an event out: `unknown_provider` or `expired`',
  'roamwatch.step': '`decode`, `classify`, `store_dead_letters` or `store_rows`',
  'roamwatch.state': 'state of a consumer or producer, as in `/status`',
  'roamwatch.paused.by': '`operator` or `back_pressure`',
  'roamwatch.check': 'name of the check, as in `/readyz`',
} as const
export type AttributeName = keyof typeof ATTRIBUTES
