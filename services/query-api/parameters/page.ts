/** Which page of a list is asked for. */
import { DEFAULT_LIMIT } from '../../../schemas/api/parameters.ts'

export function pageOf(query: { readonly limit?: number; readonly cursor?: string }) {
  const { limit = DEFAULT_LIMIT, cursor } = query
  return cursor === undefined ? { limit } : { limit, cursor }
}
