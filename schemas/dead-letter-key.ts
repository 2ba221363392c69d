/** The identity of a dead letter: the same broken record, refused for the same reason, is one letter seen several times. */
import { createHash, hash } from 'node:crypto'

/**
 * 32 hex digits: the first 16 bytes of SHA-256 over the JSON array `["1", tenant, source_kind, reason]`, a line feed
 * and the record's bytes (as kept: secrets removed, cut where too large).
 */
export function deadLetterKey(tenant: string, sourceKind: string, reason: string, bytes: Uint8Array): string {
  const head = `${JSON.stringify(['1', tenant, sourceKind, reason])}\n`
  return createHash('sha256').update(head).update(bytes).digest('hex').slice(0, 32)
}

/** Names one sighting: a batch that is sent again gives the same name, so a retry does not count as seen once more. */
export function sightingId(batchId: string, key: string, origin: string): string {
  return hash('sha256', JSON.stringify(['1', batchId, key, origin]), 'hex').slice(0, 32)
}
