/** Refuses a request that accepts none of what its route gives (RFC 9110, section 12.5.1). */
import type { Api } from '../api.ts'
import { quote, RequestError } from '../request-error.ts'

const RANGE = /^\s*([\w!#$%&'*+.^`|~-]+)\/([\w!#$%&'*+.^`|~-]+)\s*(?:;(.*))?$/

export function useNegotiation(app: Api): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const produced = request.routeOptions.config.produces ?? 'application/json'
    const { accept } = request.headers
    if (!request.is404 && accept !== undefined && !accepts(accept, produced)) {
      throw new RequestError(406, `the answer is ${produced}, which the Accept header ${quote(accept)} leaves out`)
    }
    done()
  })
}

/**
 * Does an Accept header allow a media type? The most specific range that fits decides; q=0 excludes. Parts that are no
 * media range are passed over, and a header without any range accepts everything.
 */
function accepts(header: string, mediaType: string): boolean {
  const [type = '', subtype = ''] = mediaType.split('/')
  let isAnyRange = false
  let best = { specificity: -1, weight: 0 }
  for (const part of header.split(',')) {
    const [, rangeType, rangeSubtype, parameters] = RANGE.exec(part) ?? []
    if (rangeType === undefined || rangeSubtype === undefined) continue
    isAnyRange = true
    const range = {
      specificity: fit(rangeType.toLowerCase(), rangeSubtype.toLowerCase(), type, subtype),
      weight: weightOf(parameters),
    }
    const isBetter = range.specificity > best.specificity
    if (isBetter || (range.specificity === best.specificity && range.weight > best.weight)) best = range
  }
  return !isAnyRange || (best.specificity >= 0 && best.weight > 0)
}

/** 2 exact, 1 type/*, 0 *\/*, -1 no fit. */
function fit(rangeType: string, rangeSubtype: string, type: string, subtype: string): number {
  if (rangeType === type) return rangeSubtype === subtype ? 2 : rangeSubtype === '*' ? 1 : -1
  return rangeType === '*' && rangeSubtype === '*' ? 0 : -1
}

/** The q parameter; 1 when there is none or it is malformed. */
function weightOf(parameters: string | undefined): number {
  const match = /(?:^|;)\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*(?:;|$)/i.exec(parameters ?? '')
  return match === null ? 1 : Number(match[1])
}
