/**
 * A full topic to rows: one `roamwatch process`, and two of them, beside the OpenTelemetry Collector and ClickHouse's own Kafka
 * engine with the same events in the same run, on the same broker and database. The events are Winlogbeat's, 1.3 KB each; the
 * peers read them as they are, ours as `roamwatch collect kafka` hands them on, whose own cost is shown too.
 */
import { median } from './bench.ts'
import type { BenchResult } from './bench.ts'
import { type Filled, fillTopic, lastMidnight, sentEvents } from './kafka-events.ts'
import { dropPeerTable, findCollector, runCollector, runKafkaEngine } from './kafka-peers.ts'
import { numberIn, PARTITIONS, type Rig, sizeFrom, statusOf, untilSeen, withRig } from './kafka-rig.ts'
import { measureRun, type Run } from './kafka-run.ts'
import { cpuSecondsOf } from './process-figures.ts'
import { end, type Running } from '../support/stack.ts'

const EVENTS = sizeFrom('ROAMWATCH_BENCH_EVENTS', 300_000)
const ROUNDS = sizeFrom('ROAMWATCH_BENCH_ROUNDS', 3)
const TOPIC = 'winlogbeat'
const RATE_GOAL = 30_000
const CPU_RATIO_GOAL = 0.67
const MEMORY_GOAL = 300
const SCALING_GOAL = 1.7
/** Where the collector cannot be had: its figure on a machine of this kind, from the README of tools/peers. */
const PUBLISHED_CPU = 47

export async function run(): Promise<BenchResult[]> {
  const collector = findCollector()
  if ('missing' in collector) console.log(`no OpenTelemetry Collector: ${collector.missing}`)
  return withRig(async (rig) => {
    const filled = await fillTopic(
      rig.broker.brokers,
      { name: TOPIC, partitions: PARTITIONS },
      sentEvents(EVENTS, lastMidnight(Date.now())),
    )
    const tapCpu = await tapInto(rig)
    const one: Run[] = []
    const two: Run[] = []
    const otel: Run[] = []
    const engine: Run[] = []
    for (let round = 0; round < ROUNDS; round++) {
      one.push(await runProcessors(rig, 1, `one-${round}`))
      const peer = (group: string) => ({ topic: TOPIC, events: EVENTS, group: `${group}-${round}` })
      if ('path' in collector) otel.push(await runCollector(rig, collector.path, peer('otel')))
      engine.push(await runKafkaEngine(rig, peer('engine')))
      two.push(await runProcessors(rig, 2, `two-${round}`))
    }
    await dropPeerTable(rig)
    return resultsOf({ one, two, otel, engine }, { filled, tapCpu })
  })
}

/** The tap reads the whole topic into ours: CPU seconds per million events. */
async function tapInto(rig: Rig): Promise<number> {
  const tap = await rig.start(['collect', 'kafka'], { ROAMWATCH_KAFKA_TAP_TOPICS: TOPIC })
  const { counts } = await untilSeen(
    () => statusOf(tap),
    ({ counts: soFar }) => (soFar?.received ?? 0) >= EVENTS,
  )
  if (counts?.accepted !== EVENTS) throw new Error(`the tap accepted ${counts?.accepted} of ${EVENTS} events`)
  const cpu = (cpuSecondsOf(tap.pid) / EVENTS) * 1e6
  await end(tap.child)
  return cpu
}

async function runProcessors(rig: Rig, count: number, group: string): Promise<Run> {
  await rig.dropDatabase()
  let processors: readonly Running[] = []
  const measured = await measureRun({
    events: EVENTS,
    databasePid: rig.server.pid,
    async start() {
      const env = { ROAMWATCH_KAFKA_GROUP_ID: group }
      processors = await Promise.all(Array.from({ length: count }, () => rig.start(['process'], env)))
      return processors.map(({ pid }) => pid)
    },
    rows: () => rig.rows().catch(() => 0), // the table is not there before the first of them has started
    async stop() {
      for (const { child } of processors) await end(child)
    },
  })
  const distinct = numberIn(await rig.ask('SELECT uniqExact(tenant, event_key) AS n FROM roamwatch._events'))
  const readable = numberIn(await rig.ask('SELECT count() AS n FROM roamwatch._events FINAL'))
  if (distinct !== EVENTS || readable !== EVENTS) {
    throw new Error(`${EVENTS} events were sent; stored are ${distinct} keys, and ${readable} rows can be read`)
  }
  return measured
}

type Runs = Readonly<Record<'one' | 'two' | 'otel' | 'engine', readonly Run[]>>
type Context = { readonly filled: Filled; readonly tapCpu: number }

function resultsOf(runs: Runs, context: Context): BenchResult[] {
  return [rate(runs, context), cpu(runs, context), memory(runs), scaling(runs)]
}

const of = (runs: readonly Run[], value: (run: Run) => number) => median(runs.map(value))

function rate({ one, otel, engine }: Runs, { filled }: Context): BenchResult {
  const value = of(one, (run) => run.eventsPerSecond)
  const peer = (name: string, runs: readonly Run[]) =>
    runs.length === 0 ? [] : [{ name, value: of(runs, (run) => run.eventsPerSecond) }]
  return {
    name: 'Kafka -> process -> ClickHouse, one processor',
    value: Math.round(value),
    unit: 'events/s',
    against: [
      ...peer('OpenTelemetry Collector (does not classify, loses at a kill)', otel),
      ...peer("ClickHouse's Kafka engine (does not classify)", engine),
      { name: 'bytes an event, as Winlogbeat wrote it', value: Math.round(filled.bytes / filled.events), unit: '' },
    ],
    goal: `>= ${RATE_GOAL}`,
    met: value >= RATE_GOAL,
  }
}

function cpu({ one, otel, engine }: Runs, { tapCpu }: Context): BenchResult {
  const value = of(one, (run) => run.cpu)
  const theirs = otel.length === 0 ? PUBLISHED_CPU : of(otel, (run) => run.cpu)
  const database = (name: string, runs: readonly Run[]) =>
    runs.length === 0 ? [] : [{ name: `ClickHouse meanwhile, ${name}`, value: of(runs, (run) => run.databaseCpu) }]
  return {
    name: 'CPU of the processor per million events, its start included',
    value,
    unit: 's',
    against: [
      { name: `OpenTelemetry Collector${otel.length === 0 ? ' (published, not of this run)' : ''}`, value: theirs },
      { name: 'ratio', value: value / theirs, unit: '' },
      ...database('ours', one),
      ...database("the collector's", otel),
      ...database('its Kafka engine', engine),
      { name: 'the tap that made our events of Winlogbeat’s', value: tapCpu },
    ],
    goal: `ratio <= ${CPU_RATIO_GOAL}`,
    met: value / theirs <= CPU_RATIO_GOAL,
  }
}

function memory({ one, otel }: Runs): BenchResult {
  const value = of(one, (run) => run.memory.peak)
  return {
    name: 'memory of a processor with a full topic before it, at its highest',
    value,
    unit: 'MiB',
    against: [
      { name: 'median of the first third', value: of(one, (run) => run.memory.early) },
      { name: 'median of the last third', value: of(one, (run) => run.memory.late) },
      ...(otel.length === 0 ? [] : [{ name: 'OpenTelemetry Collector', value: of(otel, (run) => run.memory.peak) }]),
    ],
    goal: `< ${MEMORY_GOAL} MiB`,
    met: value < MEMORY_GOAL,
  }
}

/** On a machine whose cores all work already a second one finds none: then the CPU of an event says whether two would be twice as fast. */
function scaling({ one, two }: Runs): BenchResult {
  const single = of(one, (run) => run.eventsPerSecond)
  const value = of(two, (run) => run.eventsPerSecond) / single
  return {
    name: 'two processors against one (broker and database on the same cores)',
    value,
    unit: 'times',
    against: [
      { name: 'one', value: single, unit: 'events/s' },
      { name: 'two', value: of(two, (run) => run.eventsPerSecond), unit: 'events/s' },
      { name: 'CPU of one per million events', value: of(one, (run) => run.cpu), unit: 's' },
      { name: 'CPU of both per million events', value: of(two, (run) => run.cpu), unit: 's' },
      { name: 'ClickHouse meanwhile, one', value: of(one, (run) => run.databaseCpu), unit: 's' },
      { name: 'ClickHouse meanwhile, two', value: of(two, (run) => run.databaseCpu), unit: 's' },
    ],
    goal: `>= ${SCALING_GOAL} where cores allow`,
    met: value >= SCALING_GOAL,
  }
}
