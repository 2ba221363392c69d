/**
 * Windows error codes as unsigned 32-bit numbers: reading any spelling of one, writing it, and folding the spellings of
 * one failure into one number. Knows no catalog; what a code means is in describe-code.ts.
 */

/** Longer texts hold no single code. */
const MAX_LENGTH = 64
const HEX = /^0x([0-9a-f]{1,16})(?:u?l?)$/i
const BARE_HEX = /^[0-9a-f]{8}$/i
const DECIMAL = /^-?[0-9]{1,20}$/
/** `FAIL [0x801c0021/0x80072ee2]`, `ERROR (0xd0020017)`, `Error: -2146959355 (0x80080005)`: at most a word or a code before the bracket. */
const BRACKETED = /^[\w :=-]{0,32}[[(]\s*([^\s()[\]]{1,48})\s*[\])]$/

/**
 * Turns any spelling of one Windows error code into an unsigned 32-bit number; undefined when it is not one. Of a pair
 * `outer/inner` it is the outer one. Eight hex digits without 0x are hex (`80070533`, as SettingSync writes it) when one
 * is a letter or the first is 0, 4 or 8; other digits are decimal. Typed event fields hold decimal whatever it looks
 * like: read those as such.
 */
export function parseErrorCode(text: string): number | undefined {
  return parseErrorCodes(text)[0]
}

/** As parseErrorCode, all codes of the spelling, outermost first: two for a pair, none when it is not a code. */
export function parseErrorCodes(text: string): readonly number[] {
  const trimmed = text.trim().replace('\u2212', '-')
  if (trimmed.length === 0 || trimmed.length > MAX_LENGTH) return []
  const inside = BRACKETED.exec(trimmed)?.[1] ?? trimmed
  const parts = inside.split('/')
  if (parts.length > 2) return []
  const codes: number[] = []
  for (const part of parts) {
    const code = parseOne(part)
    if (code === undefined) return []
    codes.push(code)
  }
  return codes
}

function parseOne(text: string): number | undefined {
  const digits = HEX.exec(text)?.[1]
  if (digits !== undefined) return fromHex(digits)
  if (BARE_HEX.test(text) && (/[a-f]/i.test(text) || /^[048]/.test(text))) return Number.parseInt(text, 16)
  return DECIMAL.test(text) ? fromDecimal(Number(text)) : undefined
}

/** Up to 64 bits wide: the upper half may be empty or the sign of a negative HRESULT. */
function fromHex(digits: string): number | undefined {
  const value = BigInt(`0x${digits}`)
  if (value <= 0xffff_ffffn) return Number(value)
  return value >= 0xffff_ffff_8000_0000n ? Number(value & 0xffff_ffffn) : undefined
}

function fromDecimal(value: number): number | undefined {
  if (value < -0x8000_0000 || value > 0xffff_ffff) return undefined
  return value >>> 0
}

/** 0x and eight upper-case digits, for example 0xCAA5001C. */
export function formatErrorCode(code: number): string {
  return `0x${(code >>> 0).toString(16).toUpperCase().padStart(8, '0')}`
}

/**
 * One number, or one spelling, for one failure; twice is the same as once.
 * - 0xDxxxxxxx, an NTSTATUS error carried in an HRESULT, gives 0xCxxxxxxx ([MS-ERREF] 2.1: the N bit);
 * - 0x800484xx and 0x800485xx, Cloud AP errors, give 0xC00484xx and 0xC00485xx (measured: AAD 1084 prints the former).
 *
 * Of a text it gives the canonical spelling, undefined when the text is no code.
 */
export function canonicalCode(code: number): number
export function canonicalCode(text: string): string | undefined
export function canonicalCode(code: number | string): number | string | undefined {
  if (typeof code === 'number') return fold(code)
  const parsed = parseErrorCode(code)
  return parsed === undefined ? undefined : formatErrorCode(fold(parsed))
}

function fold(code: number): number {
  const folded = code >>> 28 === 0xd ? (code & 0xefff_ffff) >>> 0 : code >>> 0
  const isCloudAp = folded >>> 9 === 0x8004_8400 >>> 9
  return isCloudAp ? (folded | 0x4000_0000) >>> 0 : folded
}

export type CodeSeverity = 'success' | 'informational' | 'warning' | 'error'

/**
 * What the number itself says. Token-broker codes (0x?AAn…) and NTSTATUS carry it in the top two bits; of an HRESULT only
 * the top bit counts; a number up to 0xFFFF is a Win32 error, except 0 and 1 (S_FALSE). [MS-ERREF] 2.1-2.3
 */
export function codeSeverity(code: number): CodeSeverity {
  const value = code >>> 0
  const top = value >>> 30
  if (isTokenBrokerCode(value)) return TWO_BITS[top] ?? 'error'
  if (top >= 2) return 'error'
  return value > 1 && value <= 0xffff ? 'error' : 'success'
}
const TWO_BITS: readonly CodeSeverity[] = ['success', 'informational', 'warning', 'error']

/** False for 0, for successes and for warnings such as 0x8AA500DB, which reports that a cache was partitioned. */
export function isErrorCode(code: number): boolean {
  return codeSeverity(code) === 'error'
}

/** ADAL and web account manager: message-compiler layout, facility 0xAA1 to 0xAAA under the severity bits. */
export function isTokenBrokerCode(code: number): boolean {
  const facility = (code >>> 16) & 0xfff
  return (code & 0x3000_0000) === 0 && facility >= 0xaa1 && facility <= 0xaaa
}
