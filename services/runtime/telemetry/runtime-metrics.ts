/** Metrics of a process, whatever it does. Part of METRICS (metrics.ts). */
import type { MetricSpec } from './metric-spec.ts'

export const RUNTIME_METRICS = {
  'roamwatch.check.ok': {
    kind: 'gauge',
    isObserved: true,
    unit: '{check}',
    description:
      '1 while a thing that the work depends on is there, 0 while it is not: what `/readyz` says, at most 5 s ago.',
    attributes: ['roamwatch.check'],
  },
  'process.cpu.time': {
    kind: 'counter',
    isObserved: true,
    unit: 's',
    description: 'CPU time of the process.',
    attributes: ['cpu.mode'],
  },
  'process.memory.usage': {
    kind: 'updown',
    isObserved: true,
    unit: 'By',
    description: 'Physical memory that the process holds (resident set).',
    attributes: [],
  },
  'process.uptime': {
    kind: 'gauge',
    isObserved: true,
    unit: 's',
    description: 'How long the process has been running.',
    attributes: [],
  },
  'nodejs.eventloop.utilization': {
    kind: 'gauge',
    isObserved: true,
    unit: '1',
    description: 'Share of the time since the last collection in which the event loop was busy.',
    attributes: [],
  },
  'nodejs.eventloop.delay.max': {
    kind: 'gauge',
    isObserved: true,
    unit: 's',
    description: 'Longest delay of the event loop since the last collection.',
    attributes: [],
  },
  'nodejs.eventloop.delay.p99': {
    kind: 'gauge',
    isObserved: true,
    unit: 's',
    description: '99th percentile of the delay of the event loop since the last collection.',
    attributes: [],
  },
  'v8js.memory.heap.used': {
    kind: 'gauge',
    isObserved: true,
    unit: 'By',
    description: 'Heap that V8 uses for objects.',
    attributes: [],
  },
} as const satisfies Readonly<Record<string, MetricSpec>>
