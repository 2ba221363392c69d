/** What one event says, read by field and position and never by wording: codes, Entra numbers, resource, correlation. */
import { canonicalCode, codeSeverity } from '../../../schemas/catalog/error-code.ts'
import type { CompiledEvent } from './compile-event.ts'
import { readField, type FieldPlace, type Fields } from './read-field.ts'
import { findCodes, type TextCodes } from './text-codes.ts'
import type { TraceLine } from './trace-line.ts'
import { parseTypedCode } from './typed-codes.ts'

/** How it went, as the codes say: error, warning (a code that reports a success), success (0), or nothing said. */
export type CodesSay = 'error' | 'warning' | 'success' | 'nothing'

export type Evidence = {
  /** Canonical, outermost first, without repeats and without successes. */
  readonly codes: readonly number[]
  readonly say: CodesSay
  readonly aadsts: readonly number[]
  readonly traces: readonly TraceLine[]
  /** The texts that were searched. */
  readonly texts: readonly string[]
}

const NO_TEXTS: readonly string[] = []
const NO_TRACES: readonly TraceLine[] = []
const NO_NUMBERS: readonly number[] = []
const NOTHING: Evidence = { codes: NO_NUMBERS, say: 'nothing', aadsts: NO_NUMBERS, traces: NO_TRACES, texts: NO_TEXTS }

export function createEvidence(isKnown: (code: number) => boolean) {
  return function gatherEvidence(event: CompiledEvent, data: Fields, message: string | null): Evidence {
    if (event.codeFields.length + event.textFields.length === 0) return NOTHING
    const codes: number[] = []
    const texts: string[] = []
    const typed = readTyped(event, data, codes, texts)
    readTexts(event, data, texts)
    // A copy that lost the fields may still have the rendered message; its codes are the same in every language.
    const isBare = texts.length === 0 && typed === 'nothing'
    if (isBare && message !== null) texts.push(message)
    if (texts.length === 0) return { codes, say: typed, aadsts: NO_NUMBERS, traces: NO_TRACES, texts: NO_TEXTS }
    const found = texts.map((text) => findCodes(text, isKnown))
    let inText: CodesSay = 'nothing'
    for (const { codes: numbers } of found) {
      for (const number of numbers) {
        const code = canonicalCode(number)
        if (!codes.includes(code)) codes.push(code)
        if (inText !== 'error') inText = codeSeverity(code) === 'error' ? 'error' : 'warning'
      }
    }
    return {
      codes,
      say: typed === 'nothing' ? inText : typed,
      aadsts: merge(found, (part) => part.aadsts),
      traces: merge(found, (part) => part.traces),
      texts,
    }
  }
}

function readTexts(event: CompiledEvent, data: Fields, texts: string[]): void {
  for (const place of event.textFields) {
    const text = readField(data, place)
    if (text !== undefined && text.length > 0) texts.push(text)
  }
}

/** Adds the codes of the typed fields; a value that is no number (`outer/inner`, an error's name) is left to the text search. */
function readTyped(event: CompiledEvent, data: Fields, codes: number[], texts: string[]): CodesSay {
  let say: CodesSay = 'nothing'
  for (const place of event.codeFields) {
    const text = readField(data, place)
    if (text === undefined || text.length === 0) continue
    const number = parseTypedCode(text)
    if (number === undefined) {
      texts.push(text)
      continue
    }
    const one = severityIn(number, place)
    if (one !== 'success') {
      const code = canonicalCode(number)
      if (!codes.includes(code)) codes.push(code)
    }
    if (say === 'nothing' || one === 'error' || (one === 'warning' && say === 'success')) say = one
  }
  return say
}

/** A small number is a Win32 error in some fields and a success (S_FALSE, STATUS_PENDING) in HRESULT and status fields. */
function severityIn(number: number, place: FieldPlace): CodesSay {
  if (number === 0 || (number <= 0xffff && !place.isWin32)) return 'success'
  if (number <= 0xffff) return 'error'
  const severity = codeSeverity(number)
  return severity === 'informational' ? 'warning' : severity
}

function merge<T>(parts: readonly TextCodes[], pick: (part: TextCodes) => readonly T[]): readonly T[] {
  const [first, ...others] = parts
  if (first === undefined) return []
  if (others.length === 0) return pick(first)
  return [...new Set(parts.flatMap(pick))]
}
