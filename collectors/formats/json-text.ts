/** Parsing one JSON record: quickly for nearly all, exactly for those whose numbers a double cannot hold. */
import { MAX_DEPTH } from './format.ts'

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown
// The source text of a primitive is ECMAScript 2025; the compiler's library does not know it yet.
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown

/** The value, or undefined where the text is not JSON. Of duplicate keys the last counts, as in every JSON parser. */
export function parseJson(text: string): unknown {
  const wellFormed = text.includes('\\u') ? replaceLoneSurrogates(text) : text
  try {
    return JSON.parse(wellFormed)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** The same value, but every number whose digits a double would change is its own text. For text that parses. */
export function parseJsonExactly(text: string): unknown {
  return parseWithSource(replaceLoneSurrogates(text), (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source ? source : value,
  )
}

const ESCAPE = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|[^])/g

/** Half a surrogate pair is no character and no UTF-8 can carry it: it becomes U+FFFD, in keys as in values. */
function replaceLoneSurrogates(text: string): string {
  if (!/\\u[dD][89a-fA-F]/.test(text)) return text
  return text.replace(ESCAPE, (escape) => (escape.length === 6 ? '\\ufffd' : escape))
}

/** Does a parsed value nest deeper than a record may? */
export function isTooDeep(root: unknown): boolean {
  return typeof root === 'object' && root !== null && nestsDeeper(root, MAX_DEPTH - 1)
}

/** `levels`: how many may be below this one, which also bounds the recursion. */
function nestsDeeper(parent: object, levels: number): boolean {
  const fields = parent as Record<string, unknown>
  for (const key in fields) {
    const child = fields[key]
    if (typeof child === 'object' && child !== null && (levels === 0 || nestsDeeper(child, levels - 1))) return true
  }
  return false
}
