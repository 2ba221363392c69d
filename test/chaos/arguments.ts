/** The command line of `npm run chaos`. */
import { parseArgs } from 'node:util'

export type ChaosArguments = {
  readonly kind: 'faults' | 'crash-test' | 'overload'
  readonly seed: number
  readonly processors: number
  readonly faults: number
  /** Of the faults' run: different events; most go through two shippers. */
  readonly eventsPerSecond: number
  /** Of the crash test. */
  readonly events: number
  readonly kills: number
  /** Of the overload. */
  readonly storeEventsPerSecond: number
  readonly slowSeconds: number
  readonly storeGoneSeconds: number
  readonly brokerSlowSeconds: number
}

export const USAGE = `
npm run chaos -- [--faults 100] [--seed 1] [--processors 2] [--rate 250]      faults at random moments
npm run chaos -- --crash-test [--events 300000] [--kills 4] [--seed 1]        hard kills of the only processor
npm run overload -- [--store-gone 600] [--slow 60] [--broker-slow 30] [--store-rate 400]
                                                                              more than the store takes, and no store
`

const OPTIONS = {
  'crash-test': { type: 'boolean', default: false },
  overload: { type: 'boolean', default: false },
  seed: { type: 'string', default: '1' },
  processors: { type: 'string', default: '2' },
  faults: { type: 'string', default: '100' },
  rate: { type: 'string', default: '250' },
  events: { type: 'string', default: '300000' },
  kills: { type: 'string', default: '4' },
  'store-rate': { type: 'string', default: '400' },
  slow: { type: 'string', default: '60' },
  'store-gone': { type: 'string', default: '600' },
  'broker-slow': { type: 'string', default: '30' },
} as const

/** What is wrong with them, in one line, where something is. */
export function readArguments(args: readonly string[]): ChaosArguments | string {
  let values
  try {
    ;({ values } = parseArgs({ args: [...args], options: OPTIONS }))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  const numbers = Object.entries(values).filter(([, value]) => typeof value === 'string')
  const wrong = numbers.find(([, value]) => !/^[1-9][0-9]{0,8}$/.test(String(value)))
  if (wrong !== undefined) return `--${wrong[0]} must be a whole number from 1 on, not ${JSON.stringify(wrong[1])}`
  return {
    kind: values.overload ? 'overload' : values['crash-test'] ? 'crash-test' : 'faults',
    seed: Number(values.seed),
    processors: Number(values.processors),
    faults: Number(values.faults),
    eventsPerSecond: Number(values.rate),
    events: Number(values.events),
    kills: Number(values.kills),
    storeEventsPerSecond: Number(values['store-rate']),
    slowSeconds: Number(values.slow),
    storeGoneSeconds: Number(values['store-gone']),
    brokerSlowSeconds: Number(values['broker-slow']),
  }
}
