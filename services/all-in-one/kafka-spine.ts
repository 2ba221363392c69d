/** The same stages with a Kafka broker between the collectors and the processor, all in one process: `roamwatch up --kafka`. */
import type { Settings } from '../../schemas/settings.ts'
import type { Logger } from '../runtime/logging.ts'
import { createSink, sinkParts } from '../separate/kafka-parts.ts'
import { createProcessorParts } from '../separate/processor.ts'
import type { Spine } from './spine.ts'

/** `onFault`: only a restart can help. Throws SETTINGS_INVALID where no broker is set. */
export function createKafkaSpine(
  settings: Settings,
  deps: { readonly log: Logger; readonly onFault: (error: unknown) => void },
): Spine {
  const sink = createSink(settings, deps.log)
  const { connecting, connected, check } = sinkParts(sink)
  const processor = createProcessorParts(settings, deps)
  return {
    catalog: processor.catalog,
    store: processor.store,
    sink,
    // Stopped in reverse: what was accepted and is not stored yet stays in Kafka for the next start.
    parts: [processor.storePart, connecting, connected, processor.consumerPart],
    checks: [{ ...check, name: 'kafka sink' }, processor.consumerCheck],
    isFull: () => sink.health().waiting > 0,
  }
}
