/** Events of the first sync engine (Windows 10 up to 20H2): operations, calls to its service, and trace lines. */
import type { Random } from '../random.ts'
import { type Content, contentOf } from './content.ts'

const SYNC = { provider: 'Microsoft-Windows-SettingSync', guid: '{83d6e83b-900b-48a3-9835-57656b6f6474}' } as const
const AZURE = {
  provider: 'Microsoft-Windows-SettingSync-Azure',
  guid: '{9f973c1d-d056-4e38-84a5-7be81cdd6ab6}',
} as const
const debug = contentOf({ ...SYNC, channel: 'Microsoft-Windows-SettingSync/Debug' })
const azureOperational = contentOf({ ...AZURE, channel: 'Microsoft-Windows-SettingSync-Azure/Operational' })
const azureDebug = contentOf({ ...AZURE, channel: 'Microsoft-Windows-SettingSync-Azure/Debug' })

export const COLLECTIONS = [
  'windows',
  'accessibility',
  'language',
  'personalization',
  'internetexplorer',
  'credentials',
  'appdata',
] as const

/** 6590 at sign-in: whether roaming is on. */
export function roamingState(random: Random): Content {
  return debug(6590, 4, [
    ['IsRoamingEnabled', 'true'],
    ['RoamingReasonCode', '0'],
    ['IsBackupEnabled', random.chance(0.8) ? 'true' : 'false'],
    ['BackupReasonCode', '0'],
    ['ProviderId', '{7f2e1d2a-9a0e-4b5c-8b7b-0a3f5d1c2e4f}'],
  ])
}

/** One operation: asked for (6592), run (6593, 6594) and ended with its result (6595). */
export function operation(collection: string, result: number, random: Random): readonly Content[] {
  const id = `{${random.guid()}}`
  const asked = [
    ['CollectionId', collection],
    ['Direction', random.pick(['Upload', 'Download'])],
    ['Priority', random.pick(['Normal', 'High'])],
    ['OperationId', id],
  ] as const
  return [
    debug(6592, 4, asked),
    debug(6593, 4, [['OperationId', id]]),
    debug(6594, 4, [['OperationId', id]]),
    debug(6595, 4, [
      ['OperationId', id],
      ['HRESULT', String(result)],
    ]),
  ]
}

/** 5001: a call to the service ended; `Duration` in milliseconds. */
export function serviceCall(collection: string, result: number, random: Random): Content {
  return azureOperational(5001, 2, [
    ['ApiName', random.pick(['GetCollection', 'PutSettingUnits', 'GetSettingUnits', 'Connect'])],
    ['CollectionId', collection],
    ['ProviderOp', String(random.between(1, 4))],
    ['Duration', String(random.duration(result === 0 ? 420 : 3000))],
    ['HRESULT', String(result)],
    ['CorrelationId', `{${random.guid()}}`],
  ])
}

/** 5002: no token for the service. `status` as WebTokenRequestStatus: 1 cancelled, 3 interaction needed, 5 provider error. */
export function noToken(status: number, result: number): Content {
  return azureOperational(5002, 2, [
    ['WebTokenRequestStatus', String(status)],
    ['HRESULT', String(result)],
  ])
}

export type TraceLine = {
  readonly file: string
  readonly line: number
  readonly module: string
  readonly code: number
  readonly text: string
  readonly context?: string
}

/** 6065: a trace line, with addresses, counter and thread that differ each time. */
export function traceLine(trace: TraceLine, random: Random): Content {
  return debug(6065, 2, [['Message', traceText(trace, random)]])
}

/** 6013 of the Azure provider: the same kind of line. */
export function azureTraceLine(trace: TraceLine, random: Random): Content {
  return azureDebug(6013, 2, [['Message', traceText(trace, random)]])
}

function traceText({ file, line, module, code, text, context }: TraceLine, random: Random): string {
  const address = (): string => `00007FF${random.hex(9).toUpperCase()}`
  const call = context === undefined ? '' : ` CallContext:[\\${context}] `
  const count = random.between(1, 40)
  const thread = random.between(0x300, 0x4fff).toString(16)
  const hresult = code.toString(16).toUpperCase()
  return (
    `${file}(${line})\\${module}!${address()}: (caller: ${address()}) ReturnHr[PreRelease](${count}) tid(${thread}) ${hresult} ${text}\r\n   ${call}`.trimEnd() +
    '\r\n'
  )
}
