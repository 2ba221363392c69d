/** One run from a full topic to the last row, whoever does the work: how fast, and what it took. */
import { untilSeen } from './kafka-rig.ts'
import { cpuSecondsOf, type MemoryWatch, watchMemory } from './process-figures.ts'

export type Run = {
  /** From the first rows that could be read to the last: no start-up, no joining. */
  readonly eventsPerSecond: number
  /** CPU of the workers since they were born, start-up included, in seconds per million events. */
  readonly cpu: number
  /** The same of the database, from the start of the workers on. */
  readonly databaseCpu: number
  /** Resident memory of the first worker, in MiB. */
  readonly memory: ReturnType<MemoryWatch['stop']>
}

export type Work = {
  readonly events: number
  readonly databasePid: number
  /** Starts the workers; their process ids, none where the database does it itself. */
  readonly start: () => Promise<readonly number[]>
  /** Rows that can be read now. */
  readonly rows: () => Promise<number>
  /** Resolves when the workers have ended. */
  readonly stop: () => Promise<void>
}

const MILLION = 1_000_000

export async function measureRun(work: Work): Promise<Run> {
  const databaseBefore = cpuSecondsOf(work.databasePid)
  const pids = await work.start()
  const watch = watchMemory(pids[0] ?? work.databasePid)
  const first = await untilSeen(work.rows, (rows) => rows > 0, 20)
  const firstAt = performance.now()
  await untilSeen(work.rows, (rows) => rows >= work.events, 20)
  const seconds = (performance.now() - firstAt) / 1000
  const cpu = pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0)
  const databaseCpu = cpuSecondsOf(work.databasePid) - databaseBefore
  const memory = watch.stop()
  await work.stop()
  return {
    eventsPerSecond: (work.events - first) / seconds,
    cpu: (cpu / work.events) * MILLION,
    databaseCpu: (databaseCpu / work.events) * MILLION,
    memory,
  }
}
