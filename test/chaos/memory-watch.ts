/** Memory of processes as the system counts it (resident set), looked at again and again. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

export type MemoryWatch = {
  /** From here on figures are of another part of the run. */
  begin(part: string): void
  /** Looks a last time and stops. */
  stop(): Promise<void>
  /** A line a process, a column a part: `first/most/last` in MB. */
  table(): readonly string[]
}

type Figures = { first: number; most: number; last: number }

const LOOK_MS = 1_000
const KIB_A_MB = 1024

/** `pids` is asked each time: a process that was started again has another one. */
export function watchMemory(pids: () => ReadonlyMap<string, number | undefined>): MemoryWatch {
  const parts = new Map<string, Map<string, Figures>>()
  let current = new Map<string, Figures>()
  let looking: Promise<void> = Promise.resolve()
  const timer = setInterval(() => void (looking = look()), LOOK_MS)

  async function look(): Promise<void> {
    const figures = current
    const wanted = [...pids()].filter((entry): entry is [string, number] => entry[1] !== undefined)
    const sizes = await residentMb(wanted.map(([, pid]) => pid))
    for (const [name, pid] of wanted) {
      const mb = sizes.get(pid)
      if (mb === undefined) continue
      const { first, most } = figures.get(name) ?? { first: mb, most: mb }
      figures.set(name, { first, most: Math.max(most, mb), last: mb })
    }
  }

  return {
    begin(part) {
      current = new Map()
      parts.set(part, current)
    },
    async stop() {
      clearInterval(timer)
      await looking
      await look()
    },
    table: () => tableOf(parts),
  }
}

export function tableOf(parts: ReadonlyMap<string, ReadonlyMap<string, Figures>>): readonly string[] {
  const names = [...new Set([...parts.values()].flatMap((figures) => [...figures.keys()]))]
  const rows = [
    ['MB resident: first/most/last', ...parts.keys()],
    ...names.map((name) => [
      name,
      ...[...parts.values()].map((figures) => {
        const found = figures.get(name)
        return found === undefined ? '-' : `${found.first}/${found.most}/${found.last}`
      }),
    ]),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '))
}

async function residentMb(pids: readonly number[]): Promise<ReadonlyMap<number, number>> {
  if (pids.length === 0) return new Map()
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,rss=', '-p', pids.join(',')]).catch(
    (error: unknown) => error as { stdout: string }, // it ends with 1 where one of them is gone
  )
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  return new Map(lines.flatMap(([pid, kib]) => (pid && kib ? [[pid, Math.round(kib / KIB_A_MB)] as const] : [])))
}
