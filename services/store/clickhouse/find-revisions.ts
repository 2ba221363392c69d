/** Looks up which keys the store already has, and in which revision, through the sorting key (tenant, second, event key). */
import { RowRefused } from '../event-store.ts'
import { type Client, selectBase64 } from './client.ts'
import type { RowKey } from './packed-rows.ts'

/** Keys asked for in one query. */
const CHUNK = 20_000
/** Bytes of one row of the answer: the key and its revision. */
const ANSWER_BYTES = 24
const HEX = /^[0-9a-f]*$/

/**
 * The highest stored revision, as a decimal string, by `event_key` + `tenant`; keys that the store does not have are missing.
 * Reads only the parts of the sorting key in which these rows can lie: a batch that is close in time costs little in a store of any size.
 */
export async function findRevisions(
  client: Client,
  database: string,
  rows: readonly RowKey[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const [tenant, ofTenant] of byTenant(rows)) {
    for (let start = 0; start < ofTenant.length; start += CHUNK) {
      const answer = await ask(client, database, tenant, ofTenant.slice(start, start + CHUNK))
      for (let at = 0; at + ANSWER_BYTES <= answer.length; at += ANSWER_BYTES) {
        found.set(answer.toString('hex', at, at + 16) + tenant, answer.readBigUInt64LE(at + 16).toString())
      }
    }
  }
  return found
}

function byTenant(rows: readonly RowKey[]): ReadonlyMap<string, RowKey[]> {
  const tenants = new Map<string, RowKey[]>()
  for (const row of rows) {
    const list = tenants.get(row.tenant)
    if (list === undefined) tenants.set(row.tenant, [row])
    else list.push(row)
  }
  return tenants
}

async function ask(client: Client, database: string, tenant: string, rows: readonly RowKey[]): Promise<Buffer> {
  let first = Number.POSITIVE_INFINITY
  let last = 0
  let pairs = ''
  for (const row of rows) {
    first = Math.min(first, row.second)
    last = Math.max(last, row.second)
    pairs += row.event_key + row.second.toString(16).padStart(8, '0')
  }
  // The list is too long for a parameter of the HTTP interface (128 KiB), so it stands in the statement: digits only.
  if (!HEX.test(pairs)) throw new RowRefused('An event key is not 32 lower-case hex digits')
  const statement = { query: query(database, pairs), table: `${database}._events`, rows: rows.length }
  return selectBase64(client, statement, { tenant, first, last })
}

/**
 * `pairs`: 32 hex digits of the key and 8 of the second, one after the other. The sorting key finds them; the bloom filter of the key would
 * be asked of all of them for every granule.
 */
const query = (database: string, pairs: string) => `
WITH '${pairs}' AS pairs
SELECT base64Encode(arrayStringConcat(groupArray(concat(key, reinterpretAsFixedString(revision)))))
FROM (
  SELECT event_key AS key, max(revision) AS revision
  FROM ${database}._events
  WHERE tenant = {tenant: String} AND occurred_second BETWEEN {first: UInt32} AND {last: UInt32}
    AND (occurred_second, event_key) IN (
      SELECT
        toDateTime(reinterpretAsUInt32(reverse(unhex(substring(pairs, number * 40 + 33, 8)))), 'UTC'),
        toFixedString(unhex(substring(pairs, number * 40 + 1, 32)), 16)
      FROM numbers(intDiv(length(pairs), 40)))
  GROUP BY event_key)
SETTINGS use_skip_indexes = 0`
