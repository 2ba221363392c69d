/**
 * What is broken, when and for how long: all of it follows from a seed, before anything runs. The moments are chosen so
 * that faults overlap now and then; who carries them out is `inflict-faults.ts`.
 */
import { createRandom, type Random } from '../../collectors/simulator/random.ts'

/** Short, so that a processor that hangs is missed soon; the broker's own least is 6 s, lowered in tests. */
export const SESSION_TIMEOUT_MS = 3_000

/** `copies`: how often it is in one deck of faults. `holdMs`: for how long, at least and at most. */
export const FAULTS = {
  process_kill: { copies: 3, holdMs: [0, 1_500], does: 'SIGKILL to a processor, started again afterwards' },
  process_stop: { copies: 2, holdMs: [4_000, 6_000], does: 'SIGSTOP to a processor for longer than its session' },
  process_terminate: { copies: 1, holdMs: [0, 1_500], does: 'SIGTERM to a processor, started again afterwards' },
  process_join: { copies: 2, holdMs: [1_000, 5_000], does: 'one more processor joins, then leaves: partitions move' },
  gateway_kill: { copies: 1, holdMs: [0, 1_000], does: 'SIGKILL to the gateway' },
  gateway_stop: { copies: 1, holdMs: [500, 3_000], does: 'SIGSTOP to the gateway' },
  tap_kill: { copies: 1, holdMs: [0, 1_000], does: 'SIGKILL to the tap' },
  tap_stop: { copies: 1, holdMs: [1_000, 5_000], does: 'SIGSTOP to the tap' },
  broker_kill: { copies: 1, holdMs: [0, 1_500], does: 'SIGKILL to the broker' },
  broker_stop: { copies: 1, holdMs: [1_000, 6_000], does: 'SIGSTOP to the broker' },
  engine_kill: { copies: 1, holdMs: [0, 1_500], does: 'SIGKILL to ClickHouse' },
  engine_stop: { copies: 1, holdMs: [500, 4_000], does: 'SIGSTOP to ClickHouse' },
  kafka_cut: { copies: 2, holdMs: [0, 0], does: 'every connection to the broker is reset' },
  kafka_stall: { copies: 1, holdMs: [1_000, 6_000], does: 'connections to the broker carry nothing' },
  kafka_refuse: { copies: 1, holdMs: [500, 3_000], does: 'connections to the broker are reset and refused' },
  store_cut: { copies: 2, holdMs: [0, 0], does: 'every connection to ClickHouse is reset' },
  store_stall: { copies: 1, holdMs: [1_000, 4_000], does: 'ClickHouse hears of requests later' },
  store_refuse: { copies: 2, holdMs: [500, 3_000], does: 'inserts are refused' },
  store_lie: { copies: 3, holdMs: [500, 3_000], does: 'inserts are done, then answered with an error or a reset' },
  store_half: { copies: 1, holdMs: [500, 2_000], does: 'inserts are cut off in the middle of their rows' },
  store_late: {
    copies: 2,
    holdMs: [500, 2_500],
    does: 'inserts are cut off, and done some seconds later all the same',
  },
} as const satisfies Record<string, { copies: number; holdMs: readonly [number, number]; does: string }>
export type FaultKind = keyof typeof FAULTS

export type Fault = {
  /** From 1. */
  readonly number: number
  readonly kind: FaultKind
  /** Since the fault before it began. */
  readonly afterMs: number
  readonly holdMs: number
  /** Which of several it concerns: index modulo their number. */
  readonly victim: number
}

/** Every so many faults the run waits until everything is well, and checks. */
export const FAULTS_A_ROUND = 20

/** The same seed gives the same faults; a longer plan begins like a shorter one. */
export function planFaults(seed: number, faults: number): readonly Fault[] {
  const random = createRandom(seed, 'faults')
  let deck: FaultKind[] = []
  return Array.from({ length: faults }, (_, index) => {
    if (deck.length === 0) deck = shuffledDeck(random)
    const kind = deck.pop()!
    const [least, most] = FAULTS[kind].holdMs
    const afterMs = random.chance(0.4) ? random.between(20, 700) : random.between(900, 4_500)
    return { number: index + 1, kind, afterMs, holdMs: random.between(least, most), victim: random.between(0, 999) }
  })
}

export function roundsOf(plan: readonly Fault[], length = FAULTS_A_ROUND): readonly (readonly Fault[])[] {
  return Array.from({ length: Math.ceil(plan.length / length) }, (_, at) => plan.slice(at * length, (at + 1) * length))
}

/** Every kind, as often as it has copies: none is left out for long, whatever the seed. */
function shuffledDeck(random: Random): FaultKind[] {
  const deck = Object.entries(FAULTS).flatMap(([kind, { copies }]) => Array<FaultKind>(copies).fill(kind as FaultKind))
  for (let last = deck.length - 1; last > 0; last--) {
    const other = random.between(0, last)
    ;[deck[last], deck[other]] = [deck[other]!, deck[last]!]
  }
  return deck
}
