/**
 * What goes wrong in the sample fleet: which devices, from when until when, how often, and what they then log. `entry` is
 * the catalog entry that is the truth behind the events; null where the events look like a roaming problem and are none.
 */
import type { Content } from './content/content.ts'
import { corrupt, downloadFailed, uploadFailed } from './content/cloud-store.ts'
import {
  brokerFailed,
  cloudApCall,
  logonFailure,
  oauthError,
  SYNC_RESOURCE,
  tokenRefused,
  tokenRenewalFailed,
} from './content/identity.ts'
import { joinFailed, keyDeletionFailed } from './content/registration.ts'
import { azureTraceLine, COLLECTIONS, noToken, operation, serviceCall, traceLine } from './content/setting-sync.ts'
import { backupFailed } from './content/windows-backup.ts'
import type { Device } from './fleet.ts'
import type { Random } from './random.ts'

export type Cause = {
  readonly name: string
  readonly entry: string | null
  readonly concerns: (device: Device) => boolean
  /** Of the devices that it concerns. */
  readonly share: number
  /** Onset and end as parts of the fleet's whole time span. */
  readonly from: number
  readonly until: number
  /** Chance that it strikes at a moment of its kind. */
  readonly rate: number
  readonly moment: 'sign-in' | 'sync' | 'backup'
  readonly events: (device: Device, random: Random) => readonly Content[]
}

const isFirst = (device: Device): boolean => device.generation === 'settingsync'
const isStore = (device: Device): boolean => device.generation !== 'settingsync'
const SYNC_CLIENT = '29d9ed98-a469-4536-ade2-f981bc1d605e'
const MAIL_CLIENT = 'd3590ed6-52b3-4102-aeff-aad2292ab01c'
const syncRequest = { resource: SYNC_RESOURCE, client: SYNC_CLIENT }
const mailRequest = { resource: 'https://outlook.office365.com/', client: MAIL_CLIENT }
const MFA =
  'AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.'
const CREDENTIALS = {
  file: 'shell\\roaming\\cloudsync\\cloudsyncengine\\cloudsyncengine.cpp',
  line: 990,
  module: 'SettingSyncHost.exe',
  code: 0x80070533,
  text: "This user can't sign in because this account is currently disabled.",
  context: 'AttemptSyncActivity',
} as const
const SIDELOADED = {
  file: 'shell\\roaming\\azuresettingsyncprovider\\lib\\appdatacollection.cpp',
  line: 212,
  module: 'AzureSettingSyncProvider.dll',
  code: 0x80070259,
  text: 'The application is not known.',
} as const

export const CAUSES: readonly Cause[] = [
  {
    name: 'conditional access asks for a second factor, users sign in with a password',
    entry: 'issue-mfa-required-password-signin',
    concerns: () => true,
    share: 0.16,
    from: 0.6,
    until: 1,
    rate: 0.75,
    moment: 'sync',
    events: (device, random) => [
      tokenRenewalFailed(syncRequest, random),
      tokenRefused(0xcaa2000c, 'The request requires user interaction.', MFA, syncRequest, random),
      ...(isFirst(device) ? [noToken(3, 0xcaa2000c)] : []),
    ],
  },
  {
    name: 'a mail client asks for a second factor',
    entry: null,
    concerns: () => true,
    share: 0.25,
    from: 0,
    until: 1,
    rate: 0.12,
    moment: 'sync',
    events: (_, random) => [
      tokenRefused(0xcaa2000c, 'The request requires user interaction.', MFA, mailRequest, random),
    ],
  },
  {
    name: 'token broker fails after sign-in',
    entry: 'known-1098-0xcaa5001c',
    concerns: () => true,
    share: 0.07,
    from: 0.2,
    until: 1,
    rate: 0.8,
    moment: 'sign-in',
    events: (_, random) => [cloudApCall('Get token', 0xc000005f), brokerFailed(random)],
  },
  {
    name: 'password expired',
    entry: 'known-6065-credentials-expired',
    concerns: isFirst,
    share: 0.12,
    from: 0.5,
    until: 0.85,
    rate: 0.9,
    moment: 'sync',
    events: (_, random) => [
      ...Array.from({ length: random.between(2, 5) }, () => traceLine(CREDENTIALS, random)),
      serviceCall(random.pick(COLLECTIONS), 0x80070533, random),
    ],
  },
  {
    name: 'apps side-loaded by MDM',
    entry: 'known-mdm-sideload-6013',
    concerns: isFirst,
    share: 0.06,
    from: 0,
    until: 1,
    rate: 0.5,
    moment: 'sync',
    events: (_, random) => [azureTraceLine(SIDELOADED, random), ...operation('appdata', 0x80070259, random)],
  },
  {
    name: 'device disabled in the directory',
    entry: 'sib-device-disabled-or-deleted',
    concerns: () => true,
    share: 0.02,
    from: 0.6,
    until: 1,
    rate: 0.95,
    moment: 'sign-in',
    events: (_, random) => [
      oauthError('invalid_grant', 'AADSTS50155: Device authentication failed for the user.', random),
      cloudApCall('GenericCallPkg', 0xc0048512),
    ],
  },
  {
    name: 'away from the domain for long',
    entry: 'known-offsite-domain-auth',
    concerns: ({ site }) => site !== 'singapore',
    share: 0.04,
    from: 0.1,
    until: 1,
    rate: 0.6,
    moment: 'sign-in',
    events: (_, random) => [logonFailure(0xc000005e, random), cloudApCall('Get token', 0xc000005e)],
  },
  {
    name: 'the service is unavailable for an afternoon',
    entry: 'sib-cloudstore-upload-failed',
    concerns: isStore,
    share: 1,
    from: 0.61,
    until: 0.63,
    rate: 0.85,
    moment: 'sync',
    events: (_, random) => [uploadFailed(0x801901f7, random), uploadFailed(0x801901f7, random)],
  },
  {
    name: 'a proxy opens TLS at one site',
    entry: 'sib-cloudstore-download-failed',
    concerns: (device) => isStore(device) && device.site === 'new-york',
    share: 0.9,
    from: 0.3,
    until: 0.9,
    rate: 0.3,
    moment: 'sync',
    events: (_, random) => [downloadFailed(0x80072f8f, random)],
  },
  {
    name: 'damaged local store',
    entry: 'sib-cloudstore-corrupt',
    concerns: isStore,
    share: 0.02,
    from: 0.25,
    until: 1,
    rate: 0.4,
    moment: 'sync',
    events: (_, random) => [corrupt(random)],
  },
  {
    name: 'backup without a logon session',
    entry: 'sib-windows-backup-for-org',
    concerns: ({ generation }) => generation === 'windows_backup',
    share: 0.15,
    from: 0.35,
    until: 1,
    rate: 0.7,
    moment: 'backup',
    events: (_, random) => backupFailed(0x80070520, random),
  },
  {
    name: 'registration service cannot be looked up',
    entry: 'sib-scp-or-discovery-failure',
    concerns: ({ site }) => site === 'amsterdam',
    share: 0.04,
    from: 0,
    until: 0.7,
    rate: 0.9,
    moment: 'sign-in',
    events: () => joinFailed(0x801c0021),
  },
  {
    name: 'sign-in key of a former user remains',
    entry: null,
    concerns: () => true,
    share: 0.02,
    from: 0,
    until: 1,
    rate: 0.2,
    moment: 'sign-in',
    events: (device, random) => [keyDeletionFailed(0x801c03ed, device.upn, random)],
  },
]
