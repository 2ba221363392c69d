/**
 * Reads a query string (WHATWG application/x-www-form-urlencoded) without mending it: what is not well-formed UTF-8 in
 * percent-encoding, or holds a NUL, is remembered and refused instead of being guessed at. The result has no prototype.
 */
import { quote } from '../request-error.ts'

const malformed = Symbol('malformed')

export type Query = { [name: string]: string | string[] } & { [malformed]?: string }

/** A repeated name becomes an array. Never throws: `malformation` says what was wrong. */
export function parseQueryString(text: string): Query {
  const query = Object.create(null) as Query
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1))
    if (name === undefined || value === undefined) {
      query[malformed] ??= `the query has something that is not percent-encoded UTF-8: ${quote(pair)}`
    } else if (name.includes('\0') || value.includes('\0')) {
      query[malformed] ??= `the query has a NUL character: ${quote(pair)}`
    } else {
      add(query, name, value)
    }
  }
  return query
}

/** What was wrong with the query string that became `query`; undefined when nothing was. */
export function malformation(query: unknown): string | undefined {
  return (query as Query | undefined)?.[malformed]
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

function add(query: Query, name: string, value: string): void {
  const present = query[name]
  if (present === undefined) query[name] = value
  else if (Array.isArray(present)) present.push(value)
  else query[name] = [present, value]
}
