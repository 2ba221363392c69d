/** Rows that follow from their number, with every fifth a repeat of an earlier one. */
import type { ClassifiedEvent } from '../../../schemas/classified-event.ts'
import { eventRow } from '../../support/classified-event.ts'

const START = Date.parse('2026-11-01T00:00:00Z')

/** The number that a row really has: every fifth repeats the one four before it. */
export const originalOf = (number: number) => (number % 5 === 4 ? number - 4 : number)

export function numberedRow(number: number): ClassifiedEvent {
  const original = originalOf(number)
  return eventRow(`numbered ${original}`, {
    occurred_at: `${new Date(START + original * 7_000).toISOString().slice(0, 19)}.0000000Z`,
    device: `pc-${original % 40}`,
    computer: `pc-${original % 40}.contoso.example`,
    entry: original % 3 === 0 ? null : `known-${original % 7}`,
    record_id: String(original),
  })
}
