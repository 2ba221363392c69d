/** What processes take, as Linux tells it: CPU time and memory of any process, by its id. */
import { readFileSync } from 'node:fs'

/** Clock ticks a second, in which /proc counts (USER_HZ: 100 on every Linux). */
const TICKS = 100
const MIB = 1024 * 1024

/** User and system time of a process with all its threads since it began, in seconds; 0 when it is gone. */
export function cpuSecondsOf(pid: number): number {
  // The name in brackets may hold anything; utime and stime are the 12th and 13th value behind it. Source: proc_pid_stat(5).
  const values = read(pid, 'stat')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(values[11] ?? 0) + Number(values[12] ?? 0)) / TICKS
}

/** Resident memory in MiB, now and at its highest so far; 0 when it is gone. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = read(pid, 'status')
  const value = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / MIB
  return { now: value('VmRSS'), peak: value('VmHWM') }
}

function read(pid: number, file: 'stat' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

export type MemoryWatch = {
  /** Resident memory in MiB: medians of the first and the last third of the time, and the highest that the kernel saw. */
  stop(): { readonly early: number; readonly late: number; readonly peak: number }
}

/** Looks at a process four times a second. */
export function watchMemory(pid: number): MemoryWatch {
  const seen: number[] = []
  let peak = 0
  const look = () => {
    const memory = memoryOf(pid)
    if (memory.now === 0) return
    seen.push(memory.now)
    peak = memory.peak
  }
  look()
  const timer = setInterval(look, 250)
  return {
    stop() {
      clearInterval(timer)
      look()
      const third = Math.ceil(seen.length / 3)
      return { early: middleOf(seen.slice(0, third)), late: middleOf(seen.slice(-third)), peak }
    },
  }
}

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
