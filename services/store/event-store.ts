/** The port of the store: what the processor writes and the query API and command line read. ClickHouse implements it. */
import type {
  DeadLetterFilter,
  DeadLetterPage,
  DeadLetterQuery,
  StoredDeadLetter,
} from '../../schemas/api/dead-letters.ts'
import type { EventQuery, EventPage, TrendQuery, Trend } from '../../schemas/api/queries.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import type { DeadLetterAction } from '../../schemas/dead-letter-action.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import { AppError } from '../runtime/errors.ts'

/** One sighting of a dead letter; the same `sighting` written twice counts once. */
export type DeadLetterSighting = { readonly letter: DeadLetter; readonly sighting: string }

/** Rows in the store's own form, which takes a fraction of their memory: made by `packRows`, for `insertPacked` of the same store. */
export type PackedRows = { readonly length: number }

export type EventWriter = {
  /** Never throws for what is in a row: `insertPacked` does. The rows are no longer needed then. */
  packRows(rows: readonly ClassifiedEvent[]): PackedRows
  /** As `insertEvents`, of the rows `from` to `to` (exclusive), counted over all parts. */
  insertPacked(parts: readonly PackedRows[], from: number, to: number): Promise<readonly boolean[]>
  /**
   * Stores rows so that they can be read when this resolves. Writing a row again is harmless.
   * Returns, in the order of `rows`, whether its key was new: not in the store before and not earlier in `rows`. Exact for the calls of
   * one process; two processes that write a key at the same moment may both find it new, and readers see one row.
   * Rejects with STORE_UNAVAILABLE (retryable), STORE_REFUSED, or RowRefused when it is one of the rows that cannot be stored.
   */
  insertEvents(rows: readonly ClassifiedEvent[]): Promise<readonly boolean[]>
  insertDeadLetters(letters: readonly DeadLetterSighting[]): Promise<void>
  /** Adds what was done about dead letters; the same action written twice is one. */
  insertDeadLetterActions(actions: readonly DeadLetterAction[]): Promise<void>
}

/** STORE_REFUSED because of what is in a row: without it, the others can be stored. Never for outages, a full disk or rights. */
export class RowRefused extends AppError {
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super('STORE_REFUSED', message, options)
    this.name = 'RowRefused'
  }
}

export type DeadLetterReader = {
  /** One page, last seen first. A letter that is seen again meanwhile moves to the front. */
  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>
  /**
   * The keys of all letters that match, a page of `limit` at a time in the order of the keys, from behind `after` on:
   * whatever happens meanwhile, a letter that matches all the time comes once. `kept_bytes`: of its base64.
   */
  deadLetterKeys(
    filter: DeadLetterFilter,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly { readonly dead_letter_key: string; readonly kept_bytes: number }[]>
  /** With their bytes, in any order; those that do not exist are missing. */
  deadLettersByKey(tenant: string, keys: readonly string[]): Promise<readonly StoredDeadLetter[]>
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
  /**
   * Runs one reading statement as the restricted reader and streams the result in `format`. It sees the views only, and in them the rows
   * of `tenant` only (`default` unless given). Throws QUERY_INVALID, QUERY_REFUSED, QUERY_TIMEOUT, STORE_UNAVAILABLE.
   */
  runSql(sql: string, format: SqlFormat, tenant?: string): Promise<AsyncIterable<Uint8Array>>
}

export type EventStore = EventWriter &
  EventReader &
  DeadLetterReader &
  SqlRunner & {
    /** Releases connections and, where this process started or joined the embedded engine, its lease on it. Safe to call twice. */
    close(): Promise<void>
  }
