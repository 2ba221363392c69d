import { describe, expect, test } from 'vitest'
import { type FaultKind, planFaults } from '../chaos/plan-faults.ts'
import { runChaos } from '../chaos/run-chaos.ts'
import { hasEngine } from '../support/clickhouse.ts'
import { whyNoBroker } from '../support/kafka-broker/start-broker.ts'

const FAULTS = 15
/** Its first faults are fifteen different ones, close together. */
const SEED = 151_526
const noBroker = await whyNoBroker()

describe.skipIf(noBroker !== undefined || !hasEngine())('under faults of every kind', () => {
  test('nothing is lost, nothing doubled, trends equal rows, and every broken record is one dead letter', async ({
    onTestFailed,
  }) => {
    const said: string[] = []
    onTestFailed(() => console.log(said.join('\n')))
    const { signal } = new AbortController()
    const options = { faults: FAULTS, seed: SEED, processors: 2, eventsPerSecond: 150, signal }
    const { summary, problems } = await runChaos({ ...options, say: (words) => void said.push(words) })
    expect(problems).toEqual([])
    expect(summary).toMatchObject({ faults: FAULTS, seed: SEED, lost: 0, doubled: 0, trend_mismatches: 0 })
    expect(summary.stored).toBe(summary.distinct)
    expect(summary.dead_lettered).toBeGreaterThan(0)
    expect(summary.sent).toBeGreaterThan(1.5 * summary.distinct)
  }, 600_000)

  test('the faults are of fifteen kinds: kills, stops, moves, cuts, refusals and errors after the insert was done', () => {
    const kinds = new Set(planFaults(SEED, FAULTS).map(({ kind }) => kind))
    const wanted: FaultKind[] = ['process_kill', 'process_stop', 'process_terminate', 'process_join', 'broker_kill']
    wanted.push('broker_stop', 'engine_kill', 'kafka_cut', 'store_cut', 'store_refuse', 'store_lie', 'store_late')
    for (const kind of wanted) expect(kinds).toContain(kind)
    expect(kinds.size).toBe(FAULTS)
  })
})
