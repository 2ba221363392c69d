/**
 * Error codes inside free text, in every spelling that the logs use: `0x80080005`, `-2146959355`, the pair of both,
 * `0x801c0021/0x80072ee2`, a bare HRESULT in a trace line, `AADSTS50076`. Never addresses, thread ids, GUIDs or words. Every pattern
 * has a fixed length, so that the work grows with the length of the text and no faster.
 */
import { parseTraceLines, type TraceLine } from './trace-line.ts'

export type TextCodes = {
  /** Unsigned 32-bit numbers in the order of the text, outermost first; repeats left out; not yet canonical. */
  readonly codes: readonly number[]
  /** Microsoft Entra error numbers in the order of the text. */
  readonly aadsts: readonly number[]
  readonly traces: readonly TraceLine[]
}

const NOTHING: TextCodes = { codes: [], aadsts: [], traces: [] }
/** More codes than this in one text say nothing more. */
const MAX_CODES = 64

// Hex with 0x, not behind a word character, `!`, `@` or `+` (an address) and of exactly eight digits; a negative decimal that
// stands alone; an Entra number of five to seven digits.
const CODES =
  /(?<![\w!@+])0[xX]([0-9A-Fa-f]{8})(?![0-9A-Fa-f])|(?<=^|[\s:=([,;|])-(\d{9,10})(?![\w.-])|AADSTS(\d{5,7})(?!\d)/g
// Eight hex digits alone between separators: only tried where nothing else was found, and only known codes count.
const BARE = /(?<=^|[\s:=[,;|/])([89CcDd][0-9A-Fa-f]{7})(?=$|[\s:.,;)\]|/])/g

/** `isKnown` tells whether the catalog has a code; it lets in what would be too bold a guess otherwise. */
export function findCodes(text: string, isKnown: (code: number) => boolean): TextCodes {
  const traces = text.includes(' tid(') ? parseTraceLines(text) : NOTHING.traces
  const found = traces.map((line) => ({ at: line.at, code: line.hresult }))
  const aadsts: number[] = []
  if (mayHoldCodes(text)) {
    CODES.lastIndex = 0
    for (let match = CODES.exec(text); match !== null && found.length < MAX_CODES; match = CODES.exec(text)) {
      const [, hex, decimal, entra] = match
      if (entra !== undefined) {
        if (aadsts.length < MAX_CODES) pushNew(aadsts, Number(entra))
        continue
      }
      const code = hex === undefined ? -Number(decimal) >>> 0 : Number.parseInt(hex, 16)
      if (isPlausible(code) || (hex !== undefined && isKnown(code))) found.push({ at: match.index, code })
    }
  }
  if (found.length === 0) findBare(text, isKnown, found)
  if (found.length === 0 && aadsts.length === 0) return NOTHING
  // Trace lines were found first; the text's own order counts.
  if (traces.length > 0) found.sort((left, right) => left.at - right.at)
  const codes: number[] = []
  for (const { code } of found) if (code !== 0) pushNew(codes, code)
  return { codes, aadsts, traces }
}

/** A cheap look before the patterns: most texts hold none of the three. */
function mayHoldCodes(text: string): boolean {
  return text.includes('0x') || text.includes('-') || text.includes('AADSTS') || text.includes('0X')
}

function findBare(text: string, isKnown: (code: number) => boolean, found: { at: number; code: number }[]): void {
  BARE.lastIndex = 0
  for (let match = BARE.exec(text); match !== null && found.length < MAX_CODES; match = BARE.exec(text)) {
    const code = Number.parseInt(match[0], 16)
    // `caller: 8007…` is an address.
    const isAddress = text.startsWith('caller: ', match.index - 8)
    if (!isAddress && isKnown(code)) found.push({ at: match.index, code })
  }
}

/**
 * Has the number the build of an error code? An HRESULT with the severity bit and a facility that exists ([MS-ERREF] 2.1), an
 * NTSTATUS error ([MS-ERREF] 2.3), one of these carried in an HRESULT, or a token broker code (0x4AA, 0x8AA, 0xCAA). Keeps addresses out.
 */
export function isPlausible(code: number): boolean {
  if ((code & 0xffff) === 0) return false
  const top = code >>> 24
  if ((code & 0x0ff00000) === 0x0aa00000) return top === 0xca || top === 0x8a || top === 0x4a
  if (top === 0x80) return ((code >>> 16) & 0x7ff) < 0x400
  return top === 0xc0 || top === 0xd0
}

function pushNew(list: number[], value: number): void {
  if (!list.includes(value)) list.push(value)
}
