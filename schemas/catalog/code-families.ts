/**
 * What the number of a code tells by itself: its family, its facility and the code it carries inside. Rules, not data:
 * they hold for codes that no table knows. Sources: [MS-ERREF] 2.1-2.3 and Windows' winerror.h, ntstatus.h, winhttp.h.
 */
import { formatErrorCode, isTokenBrokerCode } from './error-code.ts'

export type NumericFamily = 'ADAL_WAM' | 'CLOUDAP' | 'NTSTATUS' | 'HRESULT' | 'WIN32'

/** The number that a code carries inside. */
export type InnerCode = { readonly kind: 'http' | 'win32' | 'winhttp' | 'ntstatus'; readonly value: number }
export type CodeAnatomy = {
  readonly family: NumericFamily
  /** `name` is null where nobody published one. */
  readonly facility: { readonly id: number; readonly name: string | null } | null
  readonly inner: InnerCode | null
  /**
   * Other spellings of the same failure: 0xCAA8ssss, 0x8007ssss and the bare ssss are one WinINet or Win32 error in three
   * wrappings. What is known of one holds for all.
   */
  readonly twins: readonly string[]
}

export const FAMILY_TITLES: Readonly<Record<NumericFamily, string>> = {
  ADAL_WAM: 'token broker (ADAL / web account manager)',
  CLOUDAP: 'Entra ID Cloud AP plug-in',
  NTSTATUS: 'NTSTATUS',
  HRESULT: 'HRESULT',
  WIN32: 'Win32 error number',
}

/** `code` is canonical (canonicalCode). */
export function anatomyOf(code: number): CodeAnatomy {
  const facility = (code >>> 16) & 0xfff
  const low = code & 0xffff
  if (isTokenBrokerCode(code)) {
    const name = named(facility, TOKEN_BROKER_FACILITIES)
    if (facility === 0xaa3) return { family: 'ADAL_WAM', facility: name, ...http(low) }
    return { family: 'ADAL_WAM', facility: name, ...(facility === 0xaa8 ? win32(low) : NOTHING_INSIDE) }
  }
  if (code >>> 16 === 0xc004 && low >>> 9 === 0x8400 >>> 9) {
    return { family: 'CLOUDAP', facility: { id: facility, name: 'Cloud AP' }, ...NOTHING_INSIDE }
  }
  // XmlLite and MSXML use HRESULTs with both upper bits: 0xC00CExxx.
  if (code >>> 28 === 0xc && code >>> 12 !== 0xc00ce) {
    const inside = facility === 7 ? win32(low) : NOTHING_INSIDE
    return { family: 'NTSTATUS', facility: named(facility, NTSTATUS_FACILITIES), ...inside }
  }
  if (code <= 0xffff)
    return { family: 'WIN32', facility: null, inner: null, twins: code === 0 ? [] : [hresultOf(code)] }
  return hresult(code, low)
}

type Inside = Pick<CodeAnatomy, 'inner' | 'twins'>
const NOTHING_INSIDE: Inside = { inner: null, twins: [] }

function hresult(code: number, low: number): CodeAnatomy {
  // The N bit marks an NTSTATUS inside; one of error severity was folded away before.
  if ((code & 0x1000_0000) !== 0) {
    const value = (code & 0xefff_ffff) >>> 0
    const facility = named((code >>> 16) & 0xfff, NTSTATUS_FACILITIES)
    return { family: 'HRESULT', facility, inner: { kind: 'ntstatus', value }, twins: [] }
  }
  const facility = (code >>> 16) & 0x7ff
  const isFailure = code >>> 31 === 1
  const inside = isFailure && facility === 7 ? win32(low) : isFailure && facility === 25 ? http(low) : NOTHING_INSIDE
  return { family: 'HRESULT', facility: named(facility, HRESULT_FACILITIES), ...inside }
}

/** 0x8019ssss below 0x64 belongs to MDM registration (MREGISTER_E_*), from there on it is an HTTP status. */
function http(low: number): Inside {
  return low >= 100 && low <= 599 ? { inner: { kind: 'http', value: low }, twins: [] } : NOTHING_INSIDE
}

/** WinINet and WinHTTP share the numbers from 12000 on. */
function win32(low: number): Inside {
  const kind = low >= 12000 && low <= 12200 ? 'winhttp' : 'win32'
  return { inner: { kind, value: low }, twins: [hresultOf(low), formatErrorCode(low)] }
}

/** HRESULT_FROM_WIN32 of [MS-ERREF] 2.1.2. */
function hresultOf(win32Error: number): string {
  return formatErrorCode(0x8007_0000 + win32Error)
}

function named(id: number, names: Readonly<Record<number, string>>): CodeAnatomy['facility'] {
  return { id, name: names[id] ?? null }
}

const TOKEN_BROKER_FACILITIES: Readonly<Record<number, string>> = {
  0xaa1: 'client and its parameters',
  0xaa2: 'OAuth error of the server',
  0xaa3: 'HTTP status',
  0xaa4: 'stored cache',
  0xaa5: 'system and token broker',
  0xaa6: 'JSON',
  0xaa7: 'URLMON / INET',
  0xaa8: 'WinINet / WinHTTP',
  0xaa9: 'protocol flow',
  0xaaa: 'unexpected or internal',
}

// [MS-ERREF] 2.1; 24 and 28 have no public name there that fits what current Windows uses them for.
const HRESULT_FACILITIES: Readonly<Record<number, string>> = {
  0: 'FACILITY_NULL',
  1: 'FACILITY_RPC',
  2: 'FACILITY_DISPATCH',
  3: 'FACILITY_STORAGE',
  4: 'FACILITY_ITF (means something only beside its interface)',
  7: 'FACILITY_WIN32',
  8: 'FACILITY_WINDOWS',
  9: 'FACILITY_SECURITY',
  10: 'FACILITY_CONTROL',
  11: 'FACILITY_CERT',
  12: 'FACILITY_INTERNET',
  13: 'FACILITY_MEDIASERVER',
  14: 'FACILITY_MSMQ',
  15: 'FACILITY_SETUPAPI',
  16: 'FACILITY_SCARD',
  17: 'FACILITY_COMPLUS',
  18: 'FACILITY_AAF',
  19: 'FACILITY_URT',
  20: 'FACILITY_ACS',
  21: 'FACILITY_DPLAY',
  22: 'FACILITY_UMI',
  23: 'FACILITY_SXS',
  24: 'device enrolment',
  25: 'FACILITY_HTTP',
  26: 'FACILITY_USERMODE_COMMONLOG',
  28: 'device registration',
  31: 'FACILITY_USERMODE_FILTER_MANAGER',
  32: 'FACILITY_BACKGROUNDCOPY',
  33: 'FACILITY_CONFIGURATION',
  34: 'FACILITY_STATE_MANAGEMENT',
  35: 'FACILITY_METADIRECTORY',
  36: 'FACILITY_WINDOWSUPDATE',
  37: 'FACILITY_DIRECTORYSERVICE',
  38: 'FACILITY_GRAPHICS',
  39: 'FACILITY_SHELL',
  40: 'FACILITY_TPM_SERVICES',
  41: 'FACILITY_TPM_SOFTWARE',
  48: 'FACILITY_PLA',
  49: 'FACILITY_FVE',
  50: 'FACILITY_FWP',
  51: 'FACILITY_WINRM',
  52: 'FACILITY_NDIS',
  53: 'FACILITY_USERMODE_HYPERVISOR',
  54: 'FACILITY_CMI',
  80: 'FACILITY_WINDOWS_DEFENDER',
  134: 'FACILITY_ONLINE_ID',
}

// [MS-ERREF] 2.3
const NTSTATUS_FACILITIES: Readonly<Record<number, string>> = {
  0: 'STATUS',
  1: 'FACILITY_DEBUGGER',
  2: 'FACILITY_RPC_RUNTIME',
  3: 'FACILITY_RPC_STUBS',
  4: 'FACILITY_IO_ERROR_CODE',
  7: 'FACILITY_NTWIN32',
  9: 'FACILITY_NTSSPI',
  10: 'FACILITY_TERMINAL_SERVER',
  16: 'FACILITY_USB_ERROR_CODE',
  17: 'FACILITY_HID_ERROR_CODE',
  19: 'FACILITY_CLUSTER_ERROR_CODE',
  20: 'FACILITY_ACPI_ERROR_CODE',
  21: 'FACILITY_SXS_ERROR_CODE',
  25: 'FACILITY_TRANSACTION',
  26: 'FACILITY_COMMONLOG',
  28: 'FACILITY_FILTER_MANAGER',
  33: 'FACILITY_FVE_ERROR_CODE',
  34: 'FACILITY_FWP_ERROR_CODE',
  35: 'FACILITY_NDIS_ERROR_CODE',
  41: 'FACILITY_TPM',
}
