/** Every shape of JSON that is read. A new one is a file of its own and a line here. */
import type { JsonShape } from './json-shape.ts'
import { evtxDump } from './evtx-dump.ts'
import { fluentBit } from './fluent-bit.ts'
import { otel } from './otel.ts'
import { roamwatch } from './roamwatch.ts'
import { vector } from './vector.ts'
import { winlogbeat } from './winlogbeat.ts'

/** In the order in which a record is held against them: the most frequent first, the least distinctive last. */
export const JSON_SHAPES: readonly JsonShape[] = [winlogbeat, otel, fluentBit, vector, evtxDump, roamwatch]
