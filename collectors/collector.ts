/**
 * The contract of a collector: it turns a source into batches of events and remembers how far it got. A position is
 * saved only after `sink.send()` resolved, so a crash repeats records but never loses one.
 */
import type { Sink } from '../services/transport/transport.ts'

export type Collector = {
  /** Starts reading and sending to `sink`; resolves once it reads. A second call is an error. */
  start(sink: Sink): Promise<void>
  /** Stops reading, waits for what is under way, saves the position. Safe to call twice. */
  stop(): Promise<void>
}
