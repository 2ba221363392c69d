/** The port of the store: what the processor writes and the query API and command line read. ClickHouse implements it. */
import type { EventQuery, EventPage, TrendQuery, Trend } from '../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'

/** One sighting of a dead letter; the same `sighting` written twice counts once. */
export type DeadLetterSighting = { readonly letter: DeadLetter; readonly sighting: string }

export type EventWriter = {
  /**
   * Stores rows so that they can be read when this resolves. Writing a row again is harmless.
   * Returns, in the order of `rows`, whether its key was new: not in the store before and not earlier in `rows`.
   * Rejects with STORE_UNAVAILABLE (retryable) or STORE_REFUSED.
   */
  insertEvents(rows: readonly ClassifiedEvent[]): Promise<readonly boolean[]>
  insertDeadLetters(letters: readonly DeadLetterSighting[]): Promise<void>
}

export type EventReader = {
  /** One page of events, newest first. One row per key. */
  events(query: EventQuery): Promise<EventPage>
  /** undefined when there is no such event. */
  event(tenant: string, eventKey: string): Promise<ClassifiedEvent | undefined>
  trend(query: TrendQuery): Promise<Trend>
  /** Resolves when the store answers; rejects with STORE_UNAVAILABLE. */
  ping(): Promise<void>
}

export type SqlFormat = 'table' | 'json' | 'ndjson' | 'csv' | 'parquet'
export type SqlRunner = {
  /** Runs one reading statement as the restricted reader (views only) and streams the result in `format`. */
  runSql(sql: string, format: SqlFormat): Promise<AsyncIterable<Uint8Array>>
}

export type EventStore = EventWriter &
  EventReader &
  SqlRunner & {
    /** Releases connections and, where this process started or joined the embedded engine, its lease on it. Safe to call twice. */
    close(): Promise<void>
  }
