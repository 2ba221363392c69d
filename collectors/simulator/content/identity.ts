/** Events of Microsoft-Windows-AAD: tokens for the sync service and for other applications, sign-in plug-in calls. */
import type { Random } from '../random.ts'
import { type Content, contentOf, hexCode } from './content.ts'

const AAD = {
  provider: 'Microsoft-Windows-AAD',
  guid: '{4de9bc9c-b27a-43c9-8994-0915f1a5e24f}',
  channel: 'Microsoft-Windows-AAD/Operational',
} as const
const error = contentOf({ ...AAD, keywords: '0x4000000000000012' })
const warning = contentOf({ ...AAD, keywords: '0x4000000000000030' })
/** Task numbers of the manifest. */
const CLOUD_AP = 101
const TOKEN_BROKER = 103

export const SYNC_RESOURCE = 'https://syncservice.windows.net/'

export type TokenRequest = {
  readonly resource: string
  readonly client: string
  readonly authority?: string
}

/** 1098 with the server's answer: the token request was refused. */
export function tokenRefused(
  code: number,
  title: string,
  answer: string,
  request: TokenRequest,
  random: Random,
): Content {
  const correlation = random.guid()
  const lines = [
    `Code: interaction_required`,
    `Description: ${answer} Trace ID: ${random.guid()} Correlation ID: ${correlation}`,
    'TokenEndpoint: https://login.microsoftonline.com/common/oauth2/token',
    'Logged at OAuthTokenRequestBase.cpp, line: 478, method: OAuthTokenRequestBase::ProcessOAuthResponse.',
    requestLine(request, correlation),
  ]
  return tokenError(error, 1098, 2, code, title, lines.join('\r\n'))
}

/** 1097, the companion that reports the request itself. */
export function tokenRenewalFailed(request: TokenRequest, random: Random): Content {
  const text = `Logged at RefreshTokenRequest.cpp, line: 150, method: RefreshTokenRequest::AcquireToken.\r\n${requestLine(request, random.guid())}`
  return tokenError(warning, 1097, 3, 0xcaa90004, 'Getting token by refresh token failed.', text)
}

/** 1098 of the local broker: no answer of the server in it. */
export function brokerFailed(random: Random): Content {
  const line = random.pick([633, 652, 663])
  const text = `Operation name: GetTokenSilently, Error: -2146959355 (0x80080005), Description: Server execution failed\r\nLogged at WebAccountProcessor.cpp, line: ${line}, method: AAD::Core::WebAccountProcessor::ReportOperationError.`
  return tokenError(error, 1098, 2, 0xcaa5001c, 'Token broker operation failed.', text)
}

/** 1097 that reports a success at warning level. */
export function cachePartitioned(): Content {
  const text = 'Logged at CachePartitioning.cpp, line: 35, method: CachePartitioning::Apply.'
  return tokenError(warning, 1097, 3, 0x8aa500db, 'The cache has been partitioned successfully.', text)
}

/** 1104: a call into the sign-in plug-in returned an NTSTATUS. */
export function cloudApCall(api: string, status: number): Content {
  const message = `AAD Cloud AP plugin call ${api} returned error: ${hexCode(status)}`
  return error(
    1104,
    2,
    [
      ['API', api],
      ['Result', String(status)],
    ],
    message,
    CLOUD_AP,
  )
}

/** 1081: the OAuth answer of the sign-in itself. */
export function oauthError(name: string, description: string, random: Random): Content {
  const correlation = random.guid().toUpperCase()
  const message = `OAuth response error: ${name}\r\nError description: ${description}\r\nCorrelationID: ${correlation}`
  const data = [
    ['Error', name],
    ['ErrorDescription', description],
    ['CorrelationID', correlation],
  ] as const
  return error(1081, 2, data, message, CLOUD_AP)
}

/** 1085: sign-in failed with an NTSTATUS. */
export function logonFailure(status: number, random: Random): Content {
  const correlation = random.guid().toUpperCase()
  const message = `Logon failure. Status: ${hexCode(status)} Correlation ID: ${correlation}`
  return error(
    1085,
    2,
    [
      ['Status', hexCode(status).toLowerCase()],
      ['CorrelationID', correlation],
    ],
    message,
    CLOUD_AP,
  )
}

function tokenError(
  make: typeof error,
  eventId: number,
  level: 2 | 3,
  code: number,
  title: string,
  text: string,
): Content {
  const data = [
    ['Error', String(code)],
    ['ErrorMessage', title],
    ['AdditionalInformation', text],
  ] as const
  return make(eventId, level, data, `Error: ${hexCode(code)} ${title}\r\n${text}`, TOKEN_BROKER)
}

function requestLine(
  { resource, client, authority = 'https://login.microsoftonline.com/common' }: TokenRequest,
  correlation: string,
): string {
  const redirect = `ms-appx-web://Microsoft.AAD.BrokerPlugin/${client}`
  return `Request: authority: ${authority}, client: ${client}, redirect URI: ${redirect}, resource: ${resource}, correlation ID (request): ${correlation}`
}
