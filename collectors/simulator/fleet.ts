/** The devices of the sample fleet: who uses them, where, on which Windows, with which sync engine and which shipper. */
import { createRandom, type Random } from './random.ts'

export const SHAPES = ['winlogbeat', 'event_xml', 'otlp'] as const
export type Shape = (typeof SHAPES)[number]
type Generation = 'settingsync' | 'cloudstore' | 'windows_backup'
type Site = 'amsterdam' | 'new-york' | 'singapore'

export type Device = {
  readonly index: number
  readonly computer: string
  readonly site: Site
  /** Hours that the site's clock is ahead of UTC. */
  readonly utcOffsetHours: number
  readonly generation: Generation
  /** More than one: the same event arrives twice. */
  readonly shapes: readonly Shape[]
  readonly userSid: string
  readonly userName: string
  readonly upn: string
  /** Used around the clock (a reception, a ward), not only in office hours. */
  readonly isShared: boolean
  /** 0 to 1: the device's fixed place in the draw for causes, so that a cause with a share of 0.1 has one in ten. */
  readonly lots: (cause: string) => number
}

const OFFSETS: Readonly<Record<Site, number>> = { amsterdam: 1, 'new-york': -5, singapore: 8 }
const FIRST_NAMES = [
  'alice',
  'bram',
  'chen',
  'dina',
  'emil',
  'fatima',
  'george',
  'hanna',
  'ivo',
  'julia',
  'kofi',
  'lena',
] as const
const LAST_NAMES = [
  'de-boer',
  'smith',
  'tan',
  'jansen',
  'okafor',
  'garcia',
  'novak',
  'meyer',
  'rossi',
  'haddad',
  'lee',
] as const

export function createFleet(seed: number, devices: number): readonly Device[] {
  return Array.from({ length: devices }, (_, index) => createDevice(seed, index))
}

function createDevice(seed: number, index: number): Device {
  const random = createRandom(seed, 'device', index)
  const site: Site = random.chance(0.7) ? 'amsterdam' : random.chance(0.65) ? 'new-york' : 'singapore'
  const userName = `${random.pick(FIRST_NAMES)}.${random.pick(LAST_NAMES)}${index}`
  const generation = generationOf(random)
  const prefix = generation === 'settingsync' ? 'PC' : 'LT'
  return {
    index,
    computer: `${prefix}-${site.slice(0, 3).toUpperCase()}-${String(index + 1).padStart(4, '0')}.contoso.example`,
    site,
    utcOffsetHours: OFFSETS[site],
    generation,
    shapes: shapesOf(random),
    userSid: `S-1-12-1-${[0, 1, 2, 3].map(() => random.between(1, 4294967295)).join('-')}`,
    userName,
    upn: `${userName}@contoso.example`,
    isShared: random.chance(0.05),
    lots: remembered((cause) => createRandom(seed, 'lot', index, cause).next()),
  }
}

function generationOf(random: Random): Generation {
  const lot = random.next()
  if (lot < 0.35) return 'settingsync'
  return lot < 0.7 ? 'cloudstore' : 'windows_backup'
}

function shapesOf(random: Random): readonly Shape[] {
  const lot = random.next()
  if (lot < 0.06) return ['winlogbeat', 'event_xml']
  if (lot < 0.6) return ['winlogbeat']
  return lot < 0.92 ? ['event_xml'] : ['otlp']
}

function remembered(draw: (cause: string) => number): (cause: string) => number {
  const drawn = new Map<string, number>()
  return (cause) => {
    const lot = drawn.get(cause) ?? draw(cause)
    drawn.set(cause, lot)
    return lot
  }
}
