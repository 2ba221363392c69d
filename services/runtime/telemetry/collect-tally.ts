/** What became of the records that collectors read, added up in plain numbers and read when metrics are collected. */
import { observe } from './instruments.ts'

/** What an intake tells of the records it took at once. */
export type Tally = (taken: {
  readonly events: { readonly length: number }
  readonly deadLetters: readonly { readonly reason: string }[]
  readonly droppedBy: readonly { readonly rule: string; readonly events: number }[]
  readonly damaged: { readonly length: number }
}) => void

/** `source`: kind of the source. Cheap enough to be called for single records. */
export function createTally(source: string): Tally {
  let accepted = 0
  let rejected = 0
  let droppedCount = 0
  let damaged = 0
  const reasons = new Map<string, number>()
  const rules = new Map<string, number>()
  const from = { 'roamwatch.source': source }
  observe('roamwatch.collect.received.records', (report) => report(accepted + rejected + droppedCount, from))
  observe('roamwatch.collect.accepted.records', (report) => report(accepted, from))
  observe('roamwatch.collect.damaged.stretches', (report) => report(damaged, from))
  observe('roamwatch.collect.rejected.records', (report) => {
    for (const [reason, count] of reasons) report(count, { ...from, 'roamwatch.reason': reason })
  })
  observe('roamwatch.collect.dropped.records', (report) => {
    for (const [rule, count] of rules) report(count, { ...from, 'roamwatch.rule': rule })
  })

  return function tally(taken) {
    accepted += taken.events.length
    damaged += taken.damaged.length
    rejected += taken.deadLetters.length
    for (const { reason } of taken.deadLetters) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    for (const { rule, events } of taken.droppedBy) {
      droppedCount += events
      rules.set(rule, (rules.get(rule) ?? 0) + events)
    }
  }
}
