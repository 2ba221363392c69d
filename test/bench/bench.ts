/** What a benchmark gives: its own figure beside figures of peers or limits that were measured in the same run. */
export type BenchResult = {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** What it is measured against, in the same unit unless `unit` says another. */
  readonly against: readonly { readonly name: string; readonly value: number; readonly unit?: string }[]
  readonly goal: string
  readonly met: boolean
}
export type Bench = () => Promise<readonly BenchResult[]>

export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** Nearest-rank percentile; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}

/** Median seconds of `runs` calls after one that warms up. */
export async function measureAsync(work: () => Promise<unknown>, runs = 5): Promise<number> {
  await work()
  const seconds: number[] = []
  for (let run = 0; run < runs; run++) {
    const startedAt = performance.now()
    await work()
    seconds.push((performance.now() - startedAt) / 1000)
  }
  return median(seconds)
}

/** CPU of the whole process, its garbage collector's threads included: for work on one thread, on a machine that others use too. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Measures kinds of work in turns, so that a noisy machine disturbs all alike; median seconds of each. */
export function measureTogether(
  works: readonly (() => void)[],
  runs = 5,
  clock: () => number = () => performance.now() / 1000,
): number[] {
  for (const work of works) work()
  const seconds: number[][] = works.map(() => [])
  for (let run = 0; run < runs; run++) {
    works.forEach((work, index) => {
      const startedAt = clock()
      work()
      seconds[index]?.push(clock() - startedAt)
    })
  }
  return seconds.map(median)
}
