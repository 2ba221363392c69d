/** Step 5. The row that is stored, in the order of the schema. Always the same shape, so that the engine keeps it fast. */
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import type { Classification } from '../classify/classifier.ts'
import type { Facts } from './enrich.ts'
import type { NormalisedEvent } from './normalise.ts'

/** `stored_at` is the store's to set. */
export function toRow(
  tenant: string,
  normalised: NormalisedEvent,
  facts: Facts,
  classification: Classification,
  catalogVersion: number,
  revision: string,
): ClassifiedEvent {
  const { event } = normalised
  const { judgement } = classification
  return {
    event_key: normalised.event_key,
    tenant,
    computer: event.computer,
    device: normalised.device,
    device_id: facts.device_id,
    channel: event.channel,
    provider: event.provider,
    event_id: event.event_id,
    version: event.version,
    level: event.level,
    task: event.task,
    opcode: event.opcode,
    keywords: event.keywords,
    record_id: event.record_id,
    occurred_at: normalised.occurred_at,
    collected_at: event.collected_at,
    stored_at: null,
    user_sid: event.user_sid,
    user: event.user,
    process_id: event.process_id,
    thread_id: event.thread_id,
    activity_id: event.activity_id,
    message: event.message,
    data: normalised.data,
    shipper: event.shipper,
    sync_engine: classification.sync_engine,
    scope: judgement.scope,
    outcome: judgement.outcome,
    code: judgement.code,
    codes: judgement.codes,
    aadsts: judgement.aadsts,
    symbol: judgement.symbol,
    category: judgement.category,
    transient: judgement.transient,
    entry: judgement.entry,
    confidence: judgement.confidence,
    candidates: judgement.candidates,
    rule: judgement.rule,
    collection: classification.collection,
    duration_ms: classification.duration_ms,
    incident_id: null,
    correlation_id: classification.correlation_id,
    fingerprint: classification.fingerprint,
    os_build: facts.os_build,
    os_ubr: facts.os_ubr,
    join_type: facts.join_type,
    catalog_version: catalogVersion,
    revision,
  }
}
