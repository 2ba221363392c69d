/** Memory, CPU and event loop of this process, read when metrics are collected. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { observe } from './instruments.ts'
import { undoAll } from './observed-part.ts'

/** A timer each 20 ms: 0.1 % of a core. */
const RESOLUTION_MS = 20

/** Ends with the function that it returns. */
export function observeProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let last = performance.eventLoopUtilization()
  const undo = [
    observe('process.cpu.time', (report) => {
      const { user, system } = process.cpuUsage()
      report(user / 1e6, { 'cpu.mode': 'user' })
      report(system / 1e6, { 'cpu.mode': 'system' })
    }),
    observe('process.memory.usage', (report) => report(process.memoryUsage.rss())),
    observe('process.uptime', (report) => report(process.uptime())),
    observe('v8js.memory.heap.used', (report) => report(process.memoryUsage().heapUsed)),
    observe('nodejs.eventloop.utilization', (report) => {
      const now = performance.eventLoopUtilization()
      report(performance.eventLoopUtilization(now, last).utilization)
      last = now
    }),
    observe('nodejs.eventloop.delay.p99', (report) => report(delayOf(delay.percentile(99)))),
    observe('nodejs.eventloop.delay.max', (report) => {
      report(delayOf(delay.max))
      delay.reset()
    }),
  ]
  return undoAll([...undo, () => void delay.disable()])
}

/** Seconds beyond the resolution, of nanoseconds; 0 before the first measurement. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000) || 0
}
