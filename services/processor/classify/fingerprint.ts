/** What repeats of one fault have in common: where in the source it was traced, and the code. No address, thread, counter or words. */
import { canonicalCode, formatErrorCode } from '../../../schemas/catalog/error-code.ts'
import type { Evidence } from './evidence.ts'
import type { Fields } from './read-field.ts'
import { fingerprintOf } from './trace-line.ts'

const MAX_LENGTH = 500
// `CAS::_EnsureInitialized CLSID initialized hit an error 0x800708ca`, Windows 10 1507: the function's name is all that is fixed.
const FUNCTION = /^[\w~]{1,100}(?:::[\w~]{1,100}){1,8}(?=\s)/

/** `source`: the fields, where they name a file and line. Of the first trace line; else of the typed File and LineNumber; else of a text that begins with the name of a function. */
export function fingerprint(evidence: Evidence, source: Fields | null, code: string | null): string | null {
  if (source === null && evidence.texts.length === 0) return null
  const trace = evidence.traces[0]
  if (trace !== undefined) {
    const isOutermost = canonicalCode(trace.hresult) === evidence.codes[0] && code !== null
    return cut(fingerprintOf(trace, isOutermost ? code : formatErrorCode(canonicalCode(trace.hresult))))
  }
  const file = source?.['File']
  const line = source?.['LineNumber']
  if (file !== undefined && line !== undefined && file.length > 0) {
    return cut(`${file}(${line})${code === null ? '' : ` ${code}`}`)
  }
  if (code === null || evidence.texts.length === 0) return null
  const name = FUNCTION.exec(evidence.texts[0] ?? '')?.[0]
  return name === undefined ? null : cut(`${name} ${code}`)
}

function cut(text: string): string {
  return text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text
}
