/** Everything that can be done about dead letters, over a store and a sink: behind the command line and the API alike. */
import { randomUUID } from 'node:crypto'
import packageFile from '../../package.json' with { type: 'json' }
import { createReplayer } from '../../collectors/replay/replay-letters.ts'
import type { DeadLetterFilter, ReplayResult, StoredDeadLetter } from '../../schemas/api/dead-letters.ts'
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { DeadLetterAction } from '../../schemas/dead-letter-action.ts'
import type { Settings } from '../../schemas/settings.ts'
import type { DeadLetterDesk } from '../query-api/api.ts'
import type { RetryOptions } from '../runtime/retry.ts'
import type { DeadLetterReader, EventWriter } from '../store/event-store.ts'
import type { Sink } from '../transport/transport.ts'

export type DeadLetterStore = DeadLetterReader & Pick<EventWriter, 'insertDeadLetterActions'>

export type DeskDeps = {
  readonly store: DeadLetterStore
  readonly catalog: Catalog
  readonly sink: Sink
  /** How long to go on with what the sink refuses for now; one attempt unless given. */
  readonly retry?: RetryOptions
}

/** Which letters are meant: by key, or all open ones that match. */
export type Selection = { readonly tenant: string; readonly keys: readonly string[] } | DeadLetterFilter

export type WholeDesk = DeadLetterDesk & {
  /** Group by group, each when it is settled. A key without a letter gives no result. */
  replayAll(selection: Selection, by: string): AsyncGenerator<readonly ReplayResult[]>
  /** Group by group, the letters as they are then. */
  discardAll(
    selection: Selection,
    why: { readonly by: string; readonly reason: string },
  ): AsyncGenerator<readonly StoredDeadLetter[]>
}

/** Letters in memory at once: this many, or about as much base64; one letter may hold 22 MiB alone. */
const GROUP_LETTERS = 1000
const GROUP_BYTES = 16 * 1024 * 1024
/** Of letters that were named one by one, whose size is not known before. */
const NAMED_LETTERS = 20
const KEYS_PAGE = 2000

export function createDeadLetterDesk(
  settings: Pick<Settings, 'keep' | 'retention_days' | 'time_zone'>,
  deps: DeskDeps,
): WholeDesk {
  const { store } = deps
  const replayer = createReplayer({
    catalog: deps.catalog,
    keep: settings.keep,
    retentionDays: settings.retention_days,
    ...(settings.time_zone === null ? {} : { timeZone: settings.time_zone }),
    clock: Date.now,
    sink: deps.sink,
    record: (actions) => store.insertDeadLetterActions(actions),
    version: packageFile.version,
    nameAttempt: randomUUID,
    retry: deps.retry ?? { deadlineMs: 0 },
  })

  async function replay(letters: readonly StoredDeadLetter[], by: string): Promise<readonly ReplayResult[]> {
    return withReasons(store, letters[0]?.tenant ?? '', await replayer.replay(letters, by))
  }

  async function discard(letters: readonly StoredDeadLetter[], why: { readonly by: string; readonly reason: string }) {
    const open = letters.filter(({ state }) => state === 'open')
    if (open.length === 0) return letters
    await store.insertDeadLetterActions(open.map((letter) => discardAction(letter, why)))
    const tenant = letters[0]?.tenant ?? ''
    return store.deadLettersByKey(
      tenant,
      letters.map(({ dead_letter_key }) => dead_letter_key),
    )
  }

  return {
    list: (query) => store.deadLetters(query),
    get: async (tenant, key) => (await store.deadLettersByKey(tenant, [key]))[0],
    replay: async (tenant, key, by) => (await replay(await store.deadLettersByKey(tenant, [key]), by))[0],
    discard: async (tenant, key, why) => (await discard(await store.deadLettersByKey(tenant, [key]), why))[0],
    async *replayAll(selection, by) {
      for await (const letters of groupsOf(store, selection)) yield await replay(letters, by)
    },
    async *discardAll(selection, why) {
      for await (const letters of groupsOf(store, selection)) yield await discard(letters, why)
    },
  }
}

/** What the processor refused says why in the store. */
async function withReasons(
  store: DeadLetterStore,
  tenant: string,
  results: readonly ReplayResult[],
): Promise<readonly ReplayResult[]> {
  const silent = results.filter(({ outcome, reason }) => outcome === 'failed' && reason === null)
  if (silent.length === 0) return results
  const letters = await store.deadLettersByKey(
    tenant,
    silent.map(({ dead_letter_key }) => dead_letter_key),
  )
  const byKey = new Map(letters.map((letter) => [letter.dead_letter_key, letter]))
  return results.map((result) => {
    const letter = silent.includes(result) ? byKey.get(result.dead_letter_key) : undefined
    return letter === undefined ? result : { ...result, reason: letter.attempt_reason, detail: letter.attempt_detail }
  })
}

/** Named by what it covers, so that discarding the same sightings twice is one row. */
function discardAction(
  { tenant, dead_letter_key, seen }: StoredDeadLetter,
  { by, reason }: { readonly by: string; readonly reason: string },
): DeadLetterAction {
  const about = { requested_by: by, requested_at: new Date().toISOString(), version: packageFile.version }
  const place = { attempt: `discard:${seen}`, part: 0, parts: 1, covers: seen }
  return { tenant, dead_letter_key, ...place, ...about, action: 'discarded', reason, detail: '' }
}

async function* groupsOf(
  store: DeadLetterStore,
  selection: Selection,
): AsyncGenerator<readonly StoredDeadLetter[], void> {
  let group: string[] = []
  let bytes = 0
  for await (const { dead_letter_key, kept_bytes } of keysOf(store, selection)) {
    if (group.length > 0 && (group.length >= GROUP_LETTERS || bytes + kept_bytes > GROUP_BYTES)) {
      yield await store.deadLettersByKey(selection.tenant, group)
      group = []
      bytes = 0
    }
    group.push(dead_letter_key)
    bytes += kept_bytes
  }
  if (group.length > 0) yield await store.deadLettersByKey(selection.tenant, group)
}

/** Named letters in whatever state; of the others those that are open when it is their turn, each once. */
async function* keysOf(store: DeadLetterStore, selection: Selection) {
  if ('keys' in selection) {
    for (const key of new Set(selection.keys)) yield { dead_letter_key: key, kept_bytes: GROUP_BYTES / NAMED_LETTERS }
    return
  }
  const filter: DeadLetterFilter = { states: ['open'], ...selection }
  let after: string | undefined
  do {
    const page = await store.deadLetterKeys(filter, { limit: KEYS_PAGE, ...(after === undefined ? {} : { after }) })
    yield* page
    after = page.length < KEYS_PAGE ? undefined : page.at(-1)?.dead_letter_key
  } while (after !== undefined)
}
