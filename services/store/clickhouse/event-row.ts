/** A row as ClickHouse prints it (JSONEachRow, ISO times, 64-bit numbers as text) and as the project knows it. */
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'

/** The select list that gives a `ClassifiedEvent`, over `_events`. Prefixed names, so that no filter can mean the printed form. */
export const EVENT_COLUMNS = `
  lower(hex(e.event_key)) AS event_key, e.tenant AS tenant, e.computer AS computer, e.device AS device, e.device_id AS device_id,
  e.channel AS channel, e.provider AS provider, e.event_id AS event_id, e.version AS version, e.level AS level, e.task AS task,
  e.opcode AS opcode, e.keywords AS keywords, e.record_id AS record_id, e.occurred_at AS occurred_at, e.collected_at AS collected_at,
  e.stored_at AS stored_at, e.user_sid AS user_sid, e.user AS user, e.process_id AS process_id, e.thread_id AS thread_id,
  e.activity_id AS activity_id, e.message AS message, e.data AS data, e.shipper AS shipper, e.sync_engine AS sync_engine,
  e.scope AS scope, e.outcome AS outcome, e.code AS code, e.codes AS codes, e.aadsts AS aadsts, e.symbol AS symbol,
  e.category AS category, e.transient AS transient, e.entry AS entry, e.confidence AS confidence, e.candidates AS candidates,
  e.rule AS rule, e.collection AS collection, e.duration_ms AS duration_ms, e.incident_id AS incident_id,
  e.correlation_id AS correlation_id, e.fingerprint AS fingerprint, e.os_build AS os_build, e.os_ubr AS os_ubr,
  e.join_type AS join_type, e.catalog_version AS catalog_version, toString(e.revision) AS revision`

export type EventRow = Omit<ClassifiedEvent, 'candidates'> & { readonly candidates: string }

export function toEvent(row: EventRow): ClassifiedEvent {
  const candidates = row.candidates === '' ? [] : (JSON.parse(row.candidates) as ClassifiedEvent['candidates'])
  return { ...row, candidates }
}
