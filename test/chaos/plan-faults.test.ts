import { expect, test } from 'vitest'
import { type FaultKind, FAULTS, planFaults, roundsOf, SESSION_TIMEOUT_MS } from './plan-faults.ts'

const ALL = Object.keys(FAULTS) as FaultKind[]
const DECK = Object.values(FAULTS).reduce((sum, { copies }) => sum + copies, 0)

test('the same seed gives the same faults, and another seed others', () => {
  expect(planFaults(7, 60)).toEqual(planFaults(7, 60))
  expect(planFaults(8, 60)).not.toEqual(planFaults(7, 60))
})

test('the faults of a seed are these, also in a year: a seed in a note can be run again', () => {
  const words = planFaults(1, 6).map(({ kind, afterMs, holdMs, victim }) => `${kind} ${afterMs} ${holdMs} ${victim}`)
  expect(words).toMatchInlineSnapshot(`
    [
      "store_cut 4012 0 328",
      "process_terminate 4234 684 808",
      "store_stall 4349 3461 612",
      "store_half 4446 679 427",
      "store_lie 3381 1102 638",
      "tap_kill 291 953 127",
    ]
  `)
})

test('a longer plan begins like a shorter one', () => {
  expect(planFaults(3, 300).slice(0, 25)).toEqual(planFaults(3, 25))
})

test('every kind of fault comes within one deck, whatever the seed', () => {
  for (let seed = 1; seed <= 50; seed++) {
    expect(new Set(planFaults(seed, DECK).map(({ kind }) => kind))).toEqual(new Set(ALL))
  }
})

test('faults last as long as their kind says, and some begin while others last', () => {
  const plan = planFaults(11, 400)
  for (const { kind, holdMs } of plan) {
    expect(holdMs).toBeGreaterThanOrEqual(FAULTS[kind].holdMs[0])
    expect(holdMs).toBeLessThanOrEqual(FAULTS[kind].holdMs[1])
  }
  const overlapping = plan.filter(({ afterMs }, index) => index > 0 && afterMs < plan[index - 1]!.holdMs)
  expect(overlapping.length).toBeGreaterThan(plan.length / 4)
})

test('a processor is held for longer than its session lasts', () => {
  expect(FAULTS.process_stop.holdMs[0]).toBeGreaterThan(SESSION_TIMEOUT_MS)
})

test('rounds hold every fault once, in order', () => {
  const plan = planFaults(5, 47)
  expect(roundsOf(plan, 20).map(({ length }) => length)).toEqual([20, 20, 7])
  expect(roundsOf(plan, 20).flat()).toEqual(plan)
})
