import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Catalog, EventFact, ProviderFact } from '../../../schemas/catalog/catalog.ts'
import type { WindowsEvent } from '../../../schemas/windows-event.ts'
import { createSecretRemover } from '../../../collectors/redact-secrets.ts'

const REGISTRATION = 'Microsoft-Windows-User Device Registration'

function eventFact(event_id: number, fields: readonly string[], secret: readonly string[]): EventFact {
  return {
    event_id,
    level: 2,
    channel: null,
    gist: null,
    fields: fields.map((name) => ({ name, type: 'UnicodeString', secret: secret.includes(name) })),
    code_fields: [],
    text_fields: [],
    outcome: null,
    duration_field: null,
    collection_field: null,
  }
}

function catalogOf(...events: readonly EventFact[]): Pick<Catalog, 'providers'> {
  const registration: ProviderFact = {
    name: REGISTRATION,
    guid: null,
    sync_engine: 'registration',
    scope: 'identity',
    events: new Map(events.map((event) => [event.event_id, event])),
  }
  return { providers: new Map([[REGISTRATION, registration]]) }
}

const catalog = catalogOf(
  eventFact(381, ['ExitCode', 'UPN', 'KeyId', 'AuthToken', 'RequestId'], ['AuthToken']),
  eventFact(103, ['AuthToken'], ['AuthToken']),
)
const secrets = createSecretRemover(catalog)

function eventOf(fields: Partial<WindowsEvent>): WindowsEvent {
  return {
    computer: 'device-01.contoso.example',
    channel: 'Microsoft-Windows-User Device Registration/Admin',
    provider: REGISTRATION,
    event_id: 381,
    version: 0,
    level: 2,
    task: 0,
    opcode: 0,
    keywords: '0x8000000000000000',
    record_id: '18446744073709551615',
    occurred_at: '2026-11-24T08:00:00.1234567Z',
    collected_at: null,
    user_sid: 'S-1-5-21-1000000001-2000000001-3000000001-1001',
    user: null,
    process_id: 4744,
    thread_id: 15020,
    activity_id: null,
    message: null,
    data: {},
    shipper: 'event_xml',
    ...fields,
  }
}

/** Random-looking text of a fixed seed. */
function randomText(length: number, encoding: 'base64' | 'base64url' | 'hex', seed = 'seed'): string {
  let text = ''
  for (let n = 0; text.length < length; n++)
    text += createHash('sha256').update(`${seed}${n}`).digest(encoding).replace(/=+$/, '')
  return text.slice(0, length)
}
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const JWT = `${b64({ typ: 'JWT', alg: 'RS256', kid: 'k1' })}.${b64({ sub: 'alice', aud: 'https://syncservice.windows.net' })}.${randomText(86, 'base64url')}`
const REFRESH_TOKEN = `0.AXoA${randomText(82, 'base64url', 'a')}.AgABAAEAAAD--DLA3VO7QrddgJg7Wevr${randomText(600, 'base64url', 'b')}`
const GUID = 'a732cd2e-376a-0002-3b37-3da76a37db01'
const WIL =
  "shell\\roaming\\cloudsync\\cloudsyncengine\\cloudsyncengine.cpp(990)\\SettingSyncHost.exe!00007FF701A2A8C2: (caller: 00007FF701A2A3D9) ReturnHr[PreRelease](17) tid(1060) 80070533 This user can't sign in because this account is currently disabled. CallContext:[\\AttemptSyncActivity]"

describe('text', () => {
  const removed: readonly [string, string, string][] = [
    ['a JSON Web Token', `token ${JWT} rejected`, 'token [removed] rejected'],
    ['a JWT without a signature', `${b64({ alg: 'none', typ: 'JWT' })}.${b64({ sub: 'a' })}.`, '[removed]'],
    ['a JWT that was cut off', JWT.slice(0, 70), '[removed]'],
    [
      'an encrypted JWT (five parts)',
      `<${b64({ alg: 'dir', enc: 'A256GCM' })}..${randomText(16, 'base64url')}.${randomText(90, 'base64url')}.${randomText(22, 'base64url')}>`,
      '<[removed]>',
    ],
    ['two tokens in one text', `${JWT} and ${REFRESH_TOKEN}`, '[removed] and [removed]'],
    ['an opaque refresh token, all its parts', `Renew with ${REFRESH_TOKEN}.`, 'Renew with [removed].'],
    ['an opaque code of one part', `AQABAAAAAAD--DLA3VO7QrddgJg7Wevr${randomText(300, 'base64url')}`, '[removed]'],
    ['a compact ticket in standard base64', `t=EwB4A8l6BAAU${randomText(500, 'base64')}==`, 't=[removed]'],
    ['a token padded by its maker', `0.ARoA${'x'.repeat(120)}`, '[removed]'],
    ['a bearer header', 'Authorization: Bearer abc.def-123456 next', 'Authorization: Bearer [removed] next'],
    ['a bearer token in a sentence', 'sent bearer 7f3a9c2e11 to host', 'sent bearer [removed] to host'],
    ['a basic header', 'Authorization: Basic YWxpY2U6c2VjcmV0', 'Authorization: Basic [removed]'],
    [
      'form parameters',
      'grant_type=refresh_token&refresh_token=0.Ab-c&client_id=29d9ed98',
      'grant_type=refresh_token&refresh_token=[removed]&client_id=29d9ed98',
    ],
    [
      'an assertion beside its type',
      'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=abc123&x=1',
      'client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=[removed]&x=1',
    ],
    ['a nonce', 'https://login.example/token?nonce=AwABAAEA&x=1', 'https://login.example/token?nonce=[removed]&x=1'],
    [
      'an authorisation code',
      'ms-appx-web://x/?code=0.AXoAqHk3LmNopQRstuv&state=1',
      'ms-appx-web://x/?code=[removed]&state=1',
    ],
    [
      'a storage signature',
      'https://x.blob.example/c?sv=2024-01-01&sig=Zm9vYmFyYmF6cXV4cXV1eA%3D%3D&se=2026',
      'https://x.blob.example/c?sv=2024-01-01&sig=[removed]&se=2026',
    ],
    ['JSON', '{"access_token":"abc","expires_in":3599}', '{"access_token":"[removed]","expires_in":3599}'],
    [
      'JSON with escapes in the value',
      String.raw`{"password":"a\"b\\","user":"x"}`,
      '{"password":"[removed]","user":"x"}',
    ],
    [
      'JSON inside JSON',
      String.raw`{"body":"{\"refresh_token\":\"abc\"}"}`,
      String.raw`{"body":"{\"refresh_token\":\"[removed]\"}"}`,
    ],
    ['single quotes', "id_token = 'abc'", "id_token = '[removed]'"],
    [
      'an XML element',
      '<o:Username>a</o:Username><o:Password Type="PasswordText">hunter2</o:Password>',
      '<o:Username>a</o:Username><o:Password Type="PasswordText">[removed]</o:Password>',
    ],
    [
      'a secret with an ampersand in it',
      "<Data Name='AuthToken'>abc&amp;SECRET SECRET5</Data><Data Name='RequestId'>r</Data>",
      "<Data Name='AuthToken'>[removed]</Data><Data Name='RequestId'>r</Data>",
    ],
    [
      'a secret in a CDATA section',
      '<Data Name="AuthToken"><![CDATA[SEC<RET]]></Data><Data>x</Data>',
      '<Data Name="AuthToken">[removed]</Data><Data>x</Data>',
    ],
    [
      'a secret in XML inside JSON',
      String.raw`"original":"\u003cData Name='AuthToken'\u003eSECRET&amp;1\u003c/Data\u003e"`,
      String.raw`"original":"\u003cData Name='AuthToken'\u003e[removed]\u003c/Data\u003e"`,
    ],
    [
      'an escaped XML element',
      '&lt;o:Password&gt;hunter2&lt;/o:Password&gt;',
      '&lt;o:Password&gt;[removed]&lt;/o:Password&gt;',
    ],
    [
      'a secret field in event XML',
      "<Data Name='AuthToken'>opaque 1</Data><Data Name='RequestId'>r</Data>",
      "<Data Name='AuthToken'>[removed]</Data><Data Name='RequestId'>r</Data>",
    ],
    [
      'a secret field in OTLP',
      '{"key":"AuthToken","value":{"stringValue":"opaque"}},{"key":"UPN"}',
      '{"key":"AuthToken","value":{"stringValue":"[removed]"}},{"key":"UPN"}',
    ],
    [
      'a password in a URL',
      'proxy http://alice:s3cret@proxy.example:8080 refused',
      'proxy http://alice:[removed]@proxy.example:8080 refused',
    ],
    ['a password that begins with a star', 'password=*abc', 'password=[removed]'],
    ['a cookie', 'Cookie: ESTSAUTHPERSISTENT=0.AXoA; x=1', 'Cookie: ESTSAUTHPERSISTENT=[removed]; x=1'],
    [
      'a name with a colon',
      'x-ms-RefreshTokenCredential1: AQAB1234567890abcdef "',
      'x-ms-RefreshTokenCredential1: [removed] "',
    ],
  ]
  it.each(removed)('loses %s', (_, text, expected) => {
    expect(secrets.text(text)).toBe(expected)
  })
  it.each(removed)('is the same after a second time: %s', (_, text, expected) => {
    expect(secrets.text(secrets.text(text))).toBe(expected)
  })

  it.each([
    ['a trace line', WIL],
    [
      'a long path',
      `C:\\Users\\alice\\AppData\\Local\\Packages\\Microsoft.AAD.BrokerPlugin_cw5n1h2txyewy\\AC\\TokenBroker\\Accounts\\${'a'.repeat(40)}.tbacct`,
    ],
    [
      'an address with a long path',
      `https://management.example/subscriptions/${GUID}/resourceGroups/fleet-production/providers/Microsoft.Compute/virtualMachines/VM0001/extensions/AADLoginForWindows`,
    ],
    [
      'a path of slashes without dots',
      `/device/${GUID}/collections/windowsSettings/accessibilityPreferences/items/${GUID}/revisions/12`,
    ],
    ['a GUID', `Correlation ID: ${GUID} Trace ID: {${GUID.toUpperCase()}}`],
    ['joined GUIDs', [GUID, GUID, GUID].join('-')],
    ['a SHA-1 thumbprint', `Thumbprint: ${randomText(40, 'hex').toUpperCase()}`],
    ['a SHA-256 hash in base64', `hash ${randomText(44, 'base64')}`],
    ['a SHA-512 hash in hex', randomText(128, 'hex')],
    ['binary data as Windows prints it', randomText(4000, 'hex').toUpperCase()],
    ['an account SID', 'S-1-12-1-1234567890-1234567890-1234567890-1234567890'],
    ['a long package SID', 'S-1-15-2-1310292540-1029022339-4008023048-2190398717-53961996-4257829345-603366646'],
    [
      'a package full name',
      'Microsoft.WindowsCommunicationsApps_16005.14326.20544.0_x64__8wekyb3d8bbwe!microsoft.windowslive.mail',
    ],
    ['a rule of dashes', '-'.repeat(300)],
    ['a repeated letter', 'a'.repeat(300)],
    [
      'joined words',
      'windows_data_settings_with_a_name_that_somebody_thought_would_be_better_if_it_were_Very_Long_Indeed_2',
    ],
    ['the header of a JWT alone', b64({ typ: 'JWT', alg: 'RS256' })],
    [
      'prose about tokens',
      'The refresh_token expired; access_token: is missing, nonce was not sent. Bearer authentication failed; the JWT Bearer request was invalid. Change your password now. id_token = "',
    ],
    ['a password behind stars', 'Identity = x\r\n\t\tPassword = ********\r\n'],
    ['an OAuth grant', 'grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&response_type=code&token_type=Bearer'],
    [
      'a challenge',
      'WWW-Authenticate: Bearer authorization_uri="https://login.windows.net/common", error="invalid_token"',
    ],
    ['an error code parameter', 'https://x.example/?code=AADSTS50076&sub=1 code=0x80070005 Code: 3399811100'],
    ['codes with an equals sign', 'Error=2326069467 (0x8AA500DB) ErrorMessage="The cache has been partitioned."'],
    ['a UPN', 'UPN: alice@contoso.example, authority: https://login.microsoftonline.com/common'],
    [
      'XML of a fault',
      '<s:Text xml:lang="en-US" xmlns:s="http://www.w3.org/2003/05/soap-envelope">ID3242: The security token could not be authenticated.</s:Text>',
    ],
    ['a correlation vector', 'cV: q2mzGQ8gT0W9y1vX.12.34.56'],
    ['nothing', ''],
  ])('keeps %s', (_, text) => {
    expect(secrets.text(text)).toBe(text)
  })
})

describe('event', () => {
  it('is the same object when it holds no secret', () => {
    const event = eventOf({
      event_id: 1098,
      provider: 'Microsoft-Windows-AAD',
      message: WIL,
      data: { Error: '3399811100', Text: WIL },
    })
    expect(secrets.event(event)).toBe(event)
  })

  it('loses a secret field by name, and its value from the message, whatever it looks like', () => {
    const event = eventOf({
      message: 'Key deletion failed. Token: short-1. Request: r-1',
      data: { ExitCode: '-2145648639', UPN: 'a@b.example', KeyId: '{k}', AuthToken: 'short-1', RequestId: 'r-1' },
    })
    const clean = secrets.event(event)
    expect(clean.data).toEqual({ ...event.data, AuthToken: '[removed]' })
    expect(clean.message).toBe('Key deletion failed. Token: [removed]. Request: r-1')
    expect(event.data['AuthToken']).toBe('short-1')
  })

  it('loses a repeated secret field too, and keeps an empty one', () => {
    const clean = secrets.event(eventOf({ event_id: 103, data: { AuthToken: '', 'AuthToken#2': 'short' } }))
    expect(clean.data).toEqual({ AuthToken: '', 'AuthToken#2': '[removed]' })
  })

  it('loses it by position in shapes without names', () => {
    const clean = secrets.event(
      eventOf({ data: { param1: '-1', param2: 'a@b.example', param3: '{k}', param4: 'short-1', param5: 'r-1' } }),
    )
    expect(clean.data).toEqual({
      param1: '-1',
      param2: 'a@b.example',
      param3: '{k}',
      param4: '[removed]',
      param5: 'r-1',
    })
  })

  it.each([
    [
      ['-1', 'x'.repeat(45), 'two words', '0x80180014'],
      ['-1', '[removed]', '[removed]', '0x80180014'],
    ],
    [
      ['-1', 'a@b.c', 'short', '{k}', 'r', '12345678901'],
      ['-1', ...Array<string>(5).fill('[removed]')],
    ],
  ])("loses all but codes when the positions are another build's: %j", (values, expected) => {
    const named = (list: readonly string[]) =>
      Object.fromEntries(list.map((value, at) => [`param${at + 1}`, value] as const))
    expect(secrets.event(eventOf({ data: named(values) })).data).toEqual(named(expected))
  })

  it('compares the names of fields and providers without case, and knows a provider by its channel', () => {
    const data = { authtoken: 'short', AUTHTOKEN: 'short', 'authToken#2': 'short' }
    const removed = { authtoken: '[removed]', AUTHTOKEN: '[removed]', 'authToken#2': '[removed]' }
    expect(secrets.event(eventOf({ data })).data).toEqual(removed)
    expect(secrets.event(eventOf({ data, provider: REGISTRATION.toUpperCase() })).data).toEqual(removed)
    expect(secrets.event(eventOf({ data, provider: null })).data).toEqual(removed)
  })

  it('loses tokens from fields and message of any other event', () => {
    const event = eventOf({
      event_id: 1,
      provider: null,
      message: `a ${JWT}`,
      data: { Message: REFRESH_TOKEN, Other: 'x' },
    })
    expect(secrets.event(event)).toEqual({
      ...event,
      message: 'a [removed]',
      data: { Message: '[removed]', Other: 'x' },
    })
  })

  it('never changes what the event key is made of', () => {
    const event = eventOf({ computer: JWT.toLowerCase(), channel: JWT, message: JWT, data: { AuthToken: JWT } })
    const { message: _, data: __, ...kept } = event
    expect(secrets.event(event)).toMatchObject(kept)
  })

  it('keeps a field called __proto__', () => {
    const data = JSON.parse(`{"__proto__":"x","AuthToken":"secret"}`) as Record<string, string>
    const clean = secrets.event(eventOf({ event_id: 103, data }))
    expect(Object.entries(clean.data)).toEqual([
      ['__proto__', 'x'],
      ['AuthToken', '[removed]'],
    ])
  })
})

describe('bytes', () => {
  const record = `{"bad":\u0001,"AuthToken":"opaque-1","message":"Grüße ${JWT}"`
  it('cleans UTF-8 and keeps every other byte', () => {
    const clean = Buffer.from(secrets.bytes(Buffer.from(record))).toString()
    expect(clean).toBe(`{"bad":\u0001,"AuthToken":"[removed]","message":"Grüße [removed]"`)
  })

  it('cleans bytes that are no text at all around it', () => {
    const clean = secrets.bytes(
      Buffer.concat([Buffer.from([0xff, 0xfe, 0x80, 0]), Buffer.from(JWT), Buffer.from([0x80])]),
    )
    expect(Buffer.from(clean)).toEqual(
      Buffer.concat([Buffer.from([0xff, 0xfe, 0x80, 0]), Buffer.from('[removed]'), Buffer.from([0x80])]),
    )
  })

  it.each([
    ['little', (bytes: Buffer) => bytes],
    ['big', (bytes: Buffer) => bytes.swap16()],
  ])('cleans UTF-16 (%s endian) and keeps its length', (_, order) => {
    const wide = order(Buffer.from(`<Data Name='AuthToken'>opaque value 123</Data><x>${JWT}</x>`, 'utf16le'))
    const clean = Buffer.from(secrets.bytes(wide))
    expect(clean.length).toBe(wide.length)
    const text = clean.toString('latin1').replaceAll('\0', '')
    expect(text).toContain(`<Data Name='AuthToken'>[removed]</Data><x>[removed]</x>`)
    expect(text).not.toContain('opaque')
  })

  it('are the same object when they hold no secret', () => {
    const bytes = Buffer.from(WIL)
    expect(secrets.bytes(bytes)).toBe(bytes)
  })
})

const NO_NAMES: readonly [string, string][] = [
  [
    'of event XML',
    '<Provider Name="P"/><EventID Qualifiers="0">381</EventID><Data>1</Data><Data>a@b.c</Data><Data>{k}</Data><Data>SECRET</Data><Data/></EventData>',
  ],
  [
    'of event XML with a prefix and CDATA',
    '<e:Provider Name="P"/><e:EventID>381</e:EventID><e:Data>1</e:Data><e:Data/><e:Data/><e:Data><![CDATA[SEC]]>SECRET</e:Data><e:Data/></e:EventData>',
  ],
  [
    'of event XML inside XML',
    '&lt;Provider Name="P"/&gt;&lt;EventID&gt;381&lt;/EventID&gt;&lt;Data&gt;SECRET&lt;/Data&gt;',
  ],
  [
    'of event XML inside JSON',
    String.raw`\u003cProvider Name='P'/\u003e\u003cEventID\u003e381\u003c/EventID\u003e\u003cData\u003eSECRET\u003c/Data\u003e`,
  ],
  ['of event XML that is cut', '<Provider Name="P"/><EventID>381</EventID><EventData><Data>1</Data><Data>SECRET'],
  [
    'of event XML with another field list',
    '<Provider Name="P"/><EventID>381</EventID><Data>SECRET</Data><Data>1</Data></EventData>',
  ],
  [
    'of Winlogbeat',
    '{"event":{"code":"381","provider":"P"},"winlog":{"event_data":{"param1":"1","param2":"a@b.c","param3":"{k}","param4":"SECRET","param5":"r"},"event_id":"381"}}',
  ],
  [
    'of Winlogbeat that is cut in the value',
    '{"event":{"code":"381","provider":"P"},"winlog":{"event_data":{"param1":"1","param4":"SEC\\"SECRET',
  ],
  [
    'of Winlogbeat that is cut before its fields',
    '{"event":{"code":"381","provider":"P"},"message":"Failed. Token: SECRET","winlog":{"ev',
  ],
  ['of Winlogbeat that is cut at its start', '","param3":"SECRET"},"event_id":381,"provider_name":"P"}'],
  [
    'of Winlogbeat inside JSON',
    JSON.stringify(
      JSON.stringify({ provider_name: 'P', event_id: '381', param1: '\\', param2: '"', param3: 'a"SECRET\\' }),
    ),
  ],
  [
    'of evtx_dump',
    '{"Provider":{"#attributes":{"Name":"P"}},"EventID":{"#attributes":{"Qualifiers":0},"#text":381},"EventData":{"Data":{"#text":["1","a@b.c","{k}","SECRET","r"]}}}',
  ],
  [
    'of OpenTelemetry',
    '{"event_id":{"qualifiers":0,"id":381},"provider":{"name":"P"},"event_data":{"data":[{"":"1"},{"":"SECRET"}]}}',
  ],
  [
    'of OTLP',
    '{"key":"event_id","value":{"kvlistValue":{"values":[{"key":"id","value":{"intValue":"381"}}]}}},{"key":"name","value":{"stringValue":"P"}},{"key":"","value":{"stringValue":"SECRET"}}',
  ],
  [
    'of Fluent Bit',
    '{"ProviderName":"P","EventID":381,"Message":"Token: SECRET","StringInserts":["1","a@b.c","{k}","SECRET","r"]}',
  ],
  ['of Fluent Bit that is cut', '{"ProviderName":"P","EventID":381,"StringInserts":["1","SEC\\"SECRET'],
  [
    'of Fluent Bit as text',
    '{"log":"ProviderName=P\\nEventID=381\\nMessage=A: SEC\\"SECRET","StringInserts":["SECRET"]}',
  ],
  [
    'of Fluent Bit as text inside JSON',
    JSON.stringify({ log: '{"log":"ProviderName=P\\nEventID=381\\nMessage=A: SEC\\"SECRET","x":1}' }),
  ],
  [
    'of Vector',
    '{"provider_name":"P","event_id":381,"message":"A: SECRET","string_inserts":["1","SECRET"],"task":103}',
  ],
  ['of a piece that names neither provider nor event', '23</Data><Data>SECRET</Data></EventData></Event>'],
]

describe('bytes of records without field names', () => {
  const clean = (raw: string): string => Buffer.from(secrets.bytes(Buffer.from(raw))).toString()
  it.each(NO_NAMES)('lose the secret %s', (_, raw) => {
    const named = raw
      .replaceAll('"P"', `"${REGISTRATION}"`)
      .replaceAll("'P'", `'${REGISTRATION}'`)
      .replaceAll('ProviderName=P', `ProviderName=${REGISTRATION}`)
      .replaceAll(String.raw`\"P\"`, String.raw`\"${REGISTRATION}\"`)
    expect(clean(named)).not.toContain('SECRET')
    expect(clean(named)).toContain('[removed]')
    expect(clean(clean(named))).toBe(clean(named))
    expect(
      Buffer.from(secrets.bytes(Buffer.from(named, 'utf16le')))
        .toString('latin1')
        .replaceAll('\0', ''),
    ).not.toContain('SECRET')
  })

  it('keep every other value where the positions are certain', () => {
    const raw = `<Provider Name='${REGISTRATION}'/><EventID>381</EventID><EventData><Data>one</Data><Data>a@b.c</Data><Data>{k}</Data><Data>SECRET</Data><Data>r</Data></EventData>`
    expect(clean(raw)).toBe(raw.replace('SECRET', '[removed]'))
  })

  it('keep every other insert where the positions are certain', () => {
    const raw = JSON.stringify({
      ProviderName: REGISTRATION,
      EventID: 381,
      StringInserts: ['one', 'a@b.c', '{k}', 'SECRET', 5],
    })
    expect(clean(raw)).toBe(raw.replace('SECRET', '[removed]'))
  })

  it.each([
    '{"ProviderName":"Other","EventID":381,"StringInserts":["value"]}',
    '{"log":"ProviderName=Other\\nEventID=381\\nMessage=value"}',
    `<Provider Name='Other'/><EventID>381</EventID><EventData><Data>value</Data></EventData>`,
    `<Provider Name='${REGISTRATION}'/><EventID>304</EventID><EventData><Data>value</Data></EventData>`,
    `{"event":{"code":"1098","provider":"Microsoft-Windows-AAD"},"message":"381","winlog":{"event_data":{"param1":"value"}`,
  ])('stay where the event holds no secret: %s', (raw) => {
    expect(clean(raw)).toBe(raw)
  })

  it.each([
    ['a JWT with escaped dots', JWT.replaceAll('.', String.raw`\u002e`)],
    ['a JWT with dots as references', JWT.replaceAll('.', '&#46;')],
    ['a token with escaped slashes', `EwB4A8l6BAAU${randomText(300, 'base64')}`.replaceAll('/', String.raw`\/`)],
  ])('lose %s', (_, token) => {
    expect(clean(`{"x":"${token}"`)).toBe('{"x":"[removed]"')
  })

  it('keep escapes where nothing is removed', () => {
    const raw = String.raw`{"a":"\u002e\/","b":"&#46;"`
    expect(clean(raw)).toBe(raw)
  })
})

/** Anything quadratic would take hours, and fail by the test's own time limit. */
describe('hostile input of 10 MB', () => {
  const MB = 1024 * 1024
  it.each([
    ['eyJ', 'eyJ'.repeat(3.3 * MB)],
    ['eyJ and a dot', 'eyJaaaaaaaaa.'.repeat(0.8 * MB)],
    ['one run', randomText(10, 'base64url').repeat(MB)],
    ['opaque tokens', `${randomText(99, 'base64url')} `.repeat(0.1 * MB)],
    ['runs of 79', `${'a1B'.repeat(26)}x `.repeat(0.125 * MB)],
    ['labels', 'access_token= '.repeat(0.7 * MB)],
    ['labels and quotes', '"access_token" : "'.repeat(0.55 * MB)],
    ['labels and attributes', `password a="b" c='d' `.repeat(0.5 * MB)],
    ['backslashes', `nonce${'\\'.repeat(10 * MB)}`],
    ['spaces', `nonce${' '.repeat(10 * MB)}=`],
    ['bearer', 'bearer '.repeat(1.4 * MB)],
    ['bearer and one word', `bearer ${'a'.repeat(10 * MB)}`],
    ['labels of what is gone', 'password>[removed] '.repeat(0.5 * MB)],
    ['schemes', '://a:'.repeat(2 * MB) + '@='],
    ['equals', '='.repeat(10 * MB)],
    ['dots', '.'.repeat(10 * MB)],
  ])('takes linear time: %s', (_, text) => {
    expect(secrets.text(text).length).toBeLessThanOrEqual(text.length)
  })

  it.each([
    ['data tags', '<Data>'.repeat(1.7 * MB)],
    ['data tags of attributes', '<Data a '.repeat(1.2 * MB)],
    ['nameless keys', '"":'.repeat(3.3 * MB)],
    ['nameless strings', '"":"'.repeat(2.5 * MB)],
    ['lists', '"Data":['.repeat(1.2 * MB)],
    ['a list', `"Data":[${'1,'.repeat(5 * MB)}`],
    ['backslashes', `"":"${'\\'.repeat(10 * MB)}"`],
    ['quotes behind backslashes', `"":"${'\\"'.repeat(5 * MB)}`],
    ['event ids', '"event_id":{'.repeat(0.85 * MB)],
    ['messages', '"message":"{'.repeat(0.85 * MB)],
    ['sections', `<Data Name='AuthToken'>${'<![CDATA['.repeat(MB)}`],
    ['escapes', String.raw`\u002e`.repeat(1.7 * MB)],
  ])('takes linear time on bytes: %s', (_, raw) => {
    const bytes = Buffer.from(`${REGISTRATION} ${raw}`)
    expect(secrets.bytes(bytes).length).toBeLessThan(2 * bytes.length)
  })

  it('takes linear time on wide bytes', () => {
    const bytes = Buffer.from('eyJaaaaaaaaa.a '.repeat(0.3 * MB), 'utf16le')
    expect(secrets.bytes(bytes).length).toBeLessThanOrEqual(bytes.length)
  })
})
