/**
 * Step 1. An event of the direct transport was checked by its collector and passes as it is; the bytes of a queue are read and
 * checked (decode-bytes.ts, handed in by whoever wires a queue: the default install needs no schema library at its start).
 */
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import type { PipelineInput, Rejected } from './reject.ts'

export type DecodeBytes = (bytes: Uint8Array) => WindowsEvent | Rejected
export type Decode = (input: PipelineInput) => WindowsEvent | Rejected

/** Bytes without `decodeBytes` are a fault of the wiring: it throws. */
export function createDecode(decodeBytes?: DecodeBytes): Decode {
  return function decode(input) {
    if (!(input instanceof Uint8Array)) return input
    if (decodeBytes === undefined) throw new Error('this pipeline was made without decodeBytes')
    return decodeBytes(input)
  }
}
