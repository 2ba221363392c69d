/** Events of the second sync engine, CloudStore (Windows 10 21H2 and later, Windows 11). */
import type { Random } from '../random.ts'
import { type Content, contentOf } from './content.ts'

const STORE = { provider: 'Microsoft-Windows-CloudStore', guid: '{741bb90c-a7a3-49d6-bd82-1e6b858403f7}' } as const
const debug = contentOf({ ...STORE, channel: 'Microsoft-Windows-CloudStore/Debug' })
const operational = contentOf({ ...STORE, channel: 'Microsoft-Windows-CloudStore/Operational' })

const ITEMS = [
  'windows.data.platform.backuprestore.settings',
  'windows.data.bluelightreduction.settings',
  'windows.data.input.devices.mousesettings',
  'windows.data.lang.languageprofile',
  'windows.data.accessibility.narrator',
  'windows.data.theme.colors',
  'windows.data.wifi.wifiprofile',
] as const

function itemId(random: Random): string {
  return `default$${random.pick(ITEMS)}`
}

/** 3002 and 3003: an item was read and written. */
export function itemSynced(random: Random): readonly Content[] {
  const id = itemId(random)
  const version = String(133_000_000_000_000_000n + BigInt(random.between(0, 1_000_000_000)))
  return [
    debug(3002, 4, [
      ['Id', id],
      ['Version', version],
    ]),
    debug(3003, 4, [
      ['Id', id],
      ['Version', version],
      ['Size', String(random.between(40, 4000))],
    ]),
  ]
}

/** 3020: activities were published. */
export function activities(random: Random): Content {
  return operational(3020, 4, [
    ['CorrelationVector', vector(random)],
    ['ActivitiesCount', String(random.between(1, 9))],
  ])
}

/** 3006: kept locally, tried again later. */
export function uploadFailed(code: number, random: Random): Content {
  return operational(3006, 3, [
    ['Id', itemId(random)],
    ['ErrorCode', String(code)],
  ])
}

/** 3013. */
export function downloadFailed(code: number, random: Random): Content {
  return operational(3013, 3, [
    ['Id', itemId(random)],
    ['ErrorCode', String(code)],
  ])
}

/** 3015: what was stored cannot be read. `Data` is a hex dump. */
export function corrupt(random: Random): Content {
  const bytes = random.between(16, 60)
  return operational(3015, 2, [
    ['CorrelationVector', vector(random)],
    ['Id', itemId(random)],
    ['Version', String(random.between(1, 99))],
    ['Size', String(bytes)],
    ['Data', random.hex(bytes * 2).toUpperCase()],
  ])
}

function vector(random: Random): string {
  return `${Buffer.from(random.hex(24), 'hex').toString('base64')}.${random.between(0, 40)}`
}
