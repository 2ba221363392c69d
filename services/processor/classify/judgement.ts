import type { Candidate, Outcome, Scope, Transience } from '../../../schemas/classified-event.ts'

/** The part of a verdict that many events share. Never written to. */
export type Judgement = {
  readonly scope: Scope
  readonly outcome: Outcome
  readonly code: string | null
  readonly codes: string[]
  readonly aadsts: number | null
  readonly symbol: string | null
  readonly category: string | null
  readonly transient: Transience | null
  readonly entry: string | null
  readonly confidence: number
  readonly candidates: Candidate[]
  readonly rule: string | null
}
