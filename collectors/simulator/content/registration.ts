/** Events of User Device Registration: joining the directory. */
import type { Random } from '../random.ts'
import { type Content, contentOf, hexCode, signed } from './content.ts'

const admin = contentOf({
  provider: 'Microsoft-Windows-User Device Registration',
  guid: '{23b8d46b-67dd-40a3-b636-d43e50552c6d}',
  channel: 'Microsoft-Windows-User Device Registration/Admin',
  keywords: '0x8000000000000000',
})

/** 306: the device is registered. */
export function registered(): Content {
  return admin(306, 4, [], 'Automatic registration Succeeded.')
}

/** 304 and 307: automatic registration failed while it looked for the service. */
export function joinFailed(code: number): readonly Content[] {
  const message = `Automatic registration failed at join phase.\r\nExit code: ${hexCode(code)}`
  const data = [
    ['ExitCode', signed(code)],
    ['ServerErrorMessage', ''],
    ['TenantType', 'Managed'],
    ['JoinType', 'fallback_sync'],
    ['DebugOutput', `joinMode: Join\r\ndrsInstance: azure\r\nregistrationType: fallback_sync\r\nerrorPhase: discover`],
  ] as const
  const again = `Automatic registration failed. Failed to lookup the registration service information from Active Directory. Exit code: ${hexCode(code)}.`
  return [admin(304, 2, data, message), admin(307, 2, [['ExitCode', signed(code)]], again)]
}

/** 381: deleting a sign-in key failed. Real devices write an access token into `AuthToken`; so does this one, a made-up one. */
export function keyDeletionFailed(code: number, upn: string, random: Random): Content {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${part({ typ: 'JWT', alg: 'RS256', kid: random.hex(8) })}.${part({ upn, aud: 'urn:ms-drs:enterpriseregistration.windows.net' })}.${random.hex(64)}`
  const data = [
    ['ExitCode', signed(code)],
    ['UPN', upn],
    ['KeyId', `{${random.guid()}}`],
    ['AuthToken', token],
    ['RequestId', random.guid()],
  ] as const
  return admin(381, 2, data)
}
