/** Writes what was done about dead letters; the same action twice is one row. */
import type { DeadLetterAction } from '../../../schemas/dead-letter-action.ts'
import { AppError } from '../../runtime/errors.ts'
import { insertBytes } from './client.ts'
import type { DeadLetterDeps } from './insert-dead-letters.ts'
import { clearRows, takeRows, writeKey, writeString, writeUInt32, writeUInt64 } from './row-writer.ts'

const COLUMNS = [
  'tenant',
  'dead_letter_key',
  'attempt',
  'part',
  'parts',
  'action',
  'covers',
  'requested_at',
  'requested_by',
  'version',
  'reason',
  'detail',
] as const
const KEY = /^[0-9a-f]{32}$/

export function createInsertDeadLetterActions(deps: DeadLetterDeps) {
  return async function insertDeadLetterActions(actions: readonly DeadLetterAction[]): Promise<void> {
    if (actions.length === 0) return
    const client = await deps.client()
    const target = { table: `${deps.database}._dead_letter_actions`, columns: COLUMNS }
    await insertBytes(client, target, 'RowBinary', encodeActions(actions))
  }
}

/** Encodes without a pause in between, so that calls share one buffer safely. */
function encodeActions(actions: readonly DeadLetterAction[]): Buffer {
  clearRows()
  for (const action of actions) appendAction(action)
  return takeRows()
}

function appendAction(action: DeadLetterAction): void {
  const milliseconds = Date.parse(action.requested_at)
  if (!KEY.test(action.dead_letter_key) || !(milliseconds >= 0)) {
    throw new AppError('STORE_REFUSED', 'A dead letter’s action has no key of 32 hex digits or no time in ISO 8601')
  }
  writeString(action.tenant)
  writeKey(action.dead_letter_key)
  writeString(action.attempt)
  writeUInt32(action.part)
  writeUInt32(action.parts)
  writeString(action.action)
  writeUInt64(String(action.covers))
  writeUInt64(String(milliseconds))
  writeString(action.requested_by)
  writeString(action.version)
  writeString(action.reason)
  writeString(action.detail)
}
