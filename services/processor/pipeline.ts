/**
 * The story of an event: decode -> normalise -> enrich -> classify -> row. Pure functions on a batch: no clock but the one
 * handed in, no store, no network. A bad record becomes a dead letter with its bytes, reason and origin, and the rest goes on.
 */
import type { Catalog } from '../../schemas/catalog/catalog.ts'
import type { Rules } from '../../schemas/catalog/rules-file.ts'
import type { ClassifiedEvent } from '../../schemas/classified-event.ts'
import type { DeadLetter } from '../../schemas/dead-letter.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { createClassifier } from './classify/classifier.ts'
import { createDecode, type DecodeBytes } from './steps/decode.ts'
import { enrichWithNothing, type Enrich } from './steps/enrich.ts'
import { createNormalise, type NormalisedEvent } from './steps/normalise.ts'
import { toDeadLetter, type PipelineInput, type PipelineSource, type Rejected } from './steps/reject.ts'
import { createRevision } from './steps/revision.ts'
import { toRow } from './steps/to-row.ts'

export type PipelineDeps = {
  readonly catalog: Catalog
  readonly rules: Rules
  /** The time now: bounds what an event's time may be, and dates dead letters. */
  readonly now: () => Date
  /** For inputs that are bytes: createDecodeBytes(). */
  readonly decodeBytes?: DecodeBytes
  readonly enrich?: Enrich
}

/** Every input is in exactly one of the two, in the order of the input. */
export type PipelineResult = { readonly rows: readonly ClassifiedEvent[]; readonly deadLetters: readonly DeadLetter[] }

export type Pipeline = {
  /** A batch of one source. Never throws because of its input. */
  processBatch(inputs: readonly PipelineInput[], source: PipelineSource): PipelineResult
  /** One event, without a batch around it (`roamwatch classify`): the row, or why there is none. */
  classifyEvent(input: PipelineInput, tenant: string): ClassifiedEvent | Rejected
}

/** Compiles the rules; throws when they do not fit the catalog. */
export function createPipeline(deps: PipelineDeps): Pipeline {
  const { catalog, now } = deps
  const decode = createDecode(deps.decodeBytes)
  const normalise = createNormalise(catalog.providers)
  const enrich = deps.enrich ?? enrichWithNothing
  const classify = createClassifier(deps)
  const revision = createRevision(catalog.version)

  function processOne(input: PipelineInput, tenant: string, receivedSecond: number): ClassifiedEvent | Rejected {
    const decoded = decode(input)
    // An event of the direct transport comes back as it is; only bytes can have been refused.
    if (decoded !== input && isRejected(decoded)) return decoded
    const normalised = normalise(tenant, decoded, receivedSecond)
    if (normalised.kind === 'rejected') return normalised
    const facts = enrich(tenant, normalised)
    const { event, data } = normalised
    const verdict = classify(data === event.data ? event : { ...event, data })
    return toRow(tenant, normalised, facts, verdict, catalog.version, revision(normalised.richness, facts.position))
  }

  return {
    processBatch(inputs, source) {
      const received = now()
      const receivedSecond = Math.floor(received.getTime() / 1000)
      const rows: ClassifiedEvent[] = []
      const deadLetters: DeadLetter[] = []
      for (const [index, input] of inputs.entries()) {
        const done = processOne(input, source.tenant, receivedSecond)
        if (isRejected(done)) deadLetters.push(toDeadLetter(input, done, source, index, received.toISOString()))
        else rows.push(done)
      }
      return { rows, deadLetters }
    },
    classifyEvent: (input, tenant) => processOne(input, tenant, Math.floor(now().getTime() / 1000)),
  }
}

function isRejected(value: WindowsEvent | NormalisedEvent | ClassifiedEvent | Rejected): value is Rejected {
  return 'kind' in value && value.kind === 'rejected'
}
