import { describe, expect, it } from 'vitest'
import { eventXml } from '../../../../collectors/formats/event-xml.ts'
import { decode, decodeInPieces, eventsOf, onlyEvent, onlyReject, rejectsOf } from './decode.ts'

const NAMESPACE = "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"
const SYSTEM =
  "<System><Provider Name='P' Guid='{4de9bc9c-b27a-43c9-8994-0915f1a5e24f}'/><EventID Qualifiers='16384'>1098</EventID>" +
  '<Version>0</Version><Level>2</Level><Task>103</Task><Opcode>0</Opcode><Keywords>0x4000000000000012</Keywords>' +
  "<TimeCreated SystemTime='2024-11-15T15:02:03.6949840Z'/><EventRecordID>18446744073709551615</EventRecordID>" +
  "<Correlation ActivityID='{A732CD2E-376A-0002-3B37-3DA76A37DB01}'/><Execution ProcessID='4744' ThreadID='15020'/>" +
  "<Channel>C/Operational</Channel><Computer>PC-1.Contoso.Example</Computer><Security UserID='S-1-5-18'/></System>"
const event = (rest: string, system = SYSTEM): string => `<Event ${NAMESPACE}>${system}${rest}</Event>`
const data = (fields: string): Record<string, string> => onlyEvent(event(`<EventData>${fields}</EventData>`)).data

describe('event XML: fields', () => {
  it('reads every field of System, with all digits and the computer in lower case', () => {
    expect(onlyEvent(event("<EventData><Data Name='A'>1</Data></EventData>"))).toEqual({
      computer: 'pc-1.contoso.example',
      channel: 'C/Operational',
      provider: 'P',
      event_id: 1098,
      version: 0,
      level: 2,
      task: 103,
      opcode: 0,
      keywords: '0x4000000000000012',
      record_id: '18446744073709551615',
      occurred_at: '2024-11-15T15:02:03.6949840Z',
      collected_at: '2026-01-01T00:00:00Z',
      user_sid: 'S-1-5-18',
      user: null,
      process_id: 4744,
      thread_id: 15020,
      activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
      message: null,
      data: { A: '1' },
      shipper: 'event_xml',
    })
  })

  it('says null for what is empty or missing', () => {
    const bare =
      "<System><Provider/><EventID>1</EventID><Version/><TimeCreated SystemTime='2024-01-02T03:04:05Z'/><Correlation/>" +
      '<Channel></Channel><Computer>a</Computer><Security/></System>'
    expect(onlyEvent(event('', bare))).toMatchObject({
      provider: null,
      version: null,
      level: null,
      keywords: null,
      record_id: null,
      activity_id: null,
      channel: null,
      user_sid: null,
      process_id: null,
      data: {},
    })
  })

  it('keeps empty, nameless and repeated fields, in order', () => {
    const fields = "<Data Name='A'>1</Data><Data>x</Data><Data Name='A'></Data><Data/><Data Name=''>y</Data>"
    expect(data(fields)).toEqual({ A: '1', param2: 'x', 'A#2': '', param4: '', param5: 'y' })
  })

  it('names Binary by its element and joins the parts of ComplexData with dots', () => {
    expect(data('<Data>a</Data><Binary>2D20</Binary>')).toEqual({ param1: 'a', Binary: '2D20' })
    expect(data("<ComplexData Name='C'><Data Name='X'>1</Data><Data>2</Data></ComplexData>")).toEqual({
      'C.X': '1',
      'C.param2': '2',
    })
  })

  it('leaves out the element around the fields of UserData and joins deeper ones with dots', () => {
    const xml = "<UserData><X xmlns='u'><Code>1</Code><Code>2</Code><S><Inner>3</Inner></S><E/></X></UserData>"
    expect(onlyEvent(event(xml)).data).toEqual({ Code: '1', 'Code#2': '2', 'S.Inner': '3', E: '' })
    expect(onlyEvent(event('<UserData><Alone>v</Alone></UserData>')).data).toEqual({ Alone: 'v' })
  })

  it('keeps what Windows says about an event that it could not render', () => {
    const xml = '<ProcessingErrorData><ErrorCode>15005</ErrorCode><DataItemName>N</DataItemName></ProcessingErrorData>'
    expect(onlyEvent(event(xml)).data).toEqual({
      'ProcessingErrorData.ErrorCode': '15005',
      'ProcessingErrorData.DataItemName': 'N',
    })
  })

  it('takes the message of RenderingInfo in any language and nothing else of it', () => {
    const rendering =
      "<RenderingInfo Culture='de-DE'><Message>Fehler: &#13;\nZeile</Message><Level>Fehler</Level><Keywords><Keyword>K</Keyword></Keywords></RenderingInfo>"
    const read = onlyEvent(event(`<EventData/>${rendering}`))
    expect(read.message).toBe('Fehler: \r\nZeile')
    expect(read).toMatchObject({ level: 2, keywords: '0x4000000000000012', data: {} })
  })

  it('treats names that mean something to JavaScript as names', () => {
    const read = data("<Data Name='__proto__'>1</Data><Data Name='constructor'>2</Data><Data Name='__proto__'>3</Data>")
    expect(Object.entries(read)).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
      ['__proto__#2', '3'],
    ])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it.each([
    ['&lt;&gt;&amp;&quot;&apos;', `<>&"'`],
    ['&#65;&#x42;&#x1F600;', 'AB\u{1f600}'],
    ['<![CDATA[<Event> & </Event>]]>', '<Event> & </Event>'],
    ['a<!-- </Event> -->b', 'ab'],
    ['a<?pi </Event> ?>b', 'ab'],
    ['a\r\nb\rc', 'a\nb\nc'],
    ['a&#13;&#10;b', 'a\r\nb'],
    ['\u0001&#x1;&#2;', '\u0001\u0001\u0002'],
    ['\ufffd', '\ufffd'],
    ['  kept  ', '  kept  '],
  ])('reads the text %j', (written, read) => {
    expect(data(`<Data Name="A">${written}</Data>`)).toEqual({ A: read })
  })

  it.each([
    ['EventID', '65536'],
    ['EventID', '-1'],
    ['Level', '256'],
    ['Level', 'high'],
    ['EventRecordID', '18446744073709551616'],
    ['Keywords', '0x10000000000000000'],
  ])('rejects %s %s as invalid_event', (element, value) => {
    const system = SYSTEM.replace(new RegExp(`(<${element}[^>]*>)[^<]*`), `$1${value}`)
    expect(onlyReject(event('', system))).toMatchObject({ reason: 'invalid_event', shipper: 'event_xml' })
  })

  it.each([
    ['no_computer', /<Computer>.*?<\/Computer>/],
    ['no_event_id', /<EventID.*?<\/EventID>/],
    ['no_time', /<TimeCreated[^>]*>/],
  ])('rejects as %s what lacks it', (reason, part) => {
    expect(onlyReject(event('', SYSTEM.replace(part, ''))).reason).toBe(reason)
  })
})

describe('event XML: files', () => {
  const one = event("<EventData><Data Name='A'>1</Data></EventData>")

  it.each([
    ['two roots', one + one],
    ['lines', `${one}\r\n${one}\r\n`],
    ['a root around', `<?xml version="1.0" encoding="utf-8"?>\n<Events>${one}<!-- c -->${one}</Events>`],
    ['a declaration before each', `<?xml version='1.0'?>${one}\n<?xml version='1.0'?>${one}`],
    ['a byte order mark', `\ufeff${one}${one}`],
    ['NUL padding', `${one}${one}${'\0'.repeat(5000)}`],
    ['prefixes', `${one.replaceAll(/<(\/?)(\w)/g, '<$1e:$2').replace('xmlns=', 'xmlns:e=')}${one}`],
    ['double quotes and line breaks in tags', `${one.replaceAll("'", '"').replaceAll(' Name', '\r\n  Name')}${one}`],
    ['no namespace', `${one}${one}`.replaceAll(` ${NAMESPACE}`, '')],
    ['an element called Event inside', one + event("<UserData><Event xmlns='u'><A>1</A></Event></UserData>")],
  ])('reads files with %s', async (_name, text) => {
    for (const encoding of ['utf8', 'utf16le', 'utf16be'] as const) {
      const bytes = encode(text, encoding)
      expect(eventXml.matches(bytes)).toBe(true)
      const whole = decode(bytes)
      expect(rejectsOf(whole)).toEqual([])
      expect(eventsOf(whole).map((read) => read.data)).toEqual([{ A: '1' }, { A: '1' }])
      expect(eventsOf(await decodeInPieces(eventXml, bytes, 7))).toEqual(eventsOf(whole))
    }
  })

  it('gives each event its own bytes and offset', () => {
    const [first, second] = decode(`\n${one}\n${one}`)
    expect([first?.offset, second?.offset]).toEqual([1, one.length + 2])
    expect(second?.kind === 'event' && Buffer.from(second.bytes()).toString()).toBe(one)
  })

  it.each([
    ['a missing end tag inside', one.replace('</Computer>', ''), 'not_xml'],
    ['an unknown entity', one.replace('>1<', '>&nbsp;<'), 'not_xml'],
    ['a NUL character', one.replace('>1<', '>\0<'), 'not_xml'],
    ['a character reference to nothing', one.replace('>1<', '>&#0;<'), 'not_xml'],
    ['an attribute twice', one.replace("Name='A'", "Name='A' Name='B'"), 'not_xml'],
    ['bytes that are no UTF-8', one.replace('>1<', '>\u00ff<'), 'not_utf8'],
    ['no end', one.slice(0, -20), 'truncated'],
    ['a comment that never ends', one.replace('>1<', '><!-- <'), 'truncated'],
    ['a CDATA section that never ends', one.replace('>1<', '><![CDATA[ <'), 'truncated'],
    ['text before it', 'some text', 'not_xml'],
  ])('rejects an event with %s, keeps its bytes, and reads the next', (name, broken, reason) => {
    const bytes = Buffer.from(broken, name.includes('UTF-8') ? 'latin1' : 'utf8')
    const decoded = decode(Buffer.concat([Buffer.from(one), bytes, Buffer.from(one)]))
    expect(decoded.map(({ kind }) => kind)).toEqual(['event', 'reject', 'event'])
    const [reject] = rejectsOf(decoded)
    expect(reject).toMatchObject({ reason, offset: one.length, length: bytes.length, shipper: 'event_xml' })
    expect(Buffer.from(reject?.bytes ?? []).equals(bytes)).toBe(true)
  })

  it.each([
    `<!DOCTYPE Event [<!ENTITY x "boom">]>${one.replace('>1<', '>&x;<')}`,
    `<?xml version="1.0"?><!DOCTYPE Event SYSTEM "http://127.0.0.1/x.dtd">${one}`,
    `<!ENTITY x "</Event>">${one}`,
    `<!DOCTYPE lolz [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">`,
  ])('refuses a document type declaration: %j', (text) => {
    expect(onlyReject(text).reason).toBe('xml_dtd')
  })

  it('refuses an event that nests too deep, a million levels included', () => {
    const deep = (levels: number): string =>
      event(`<UserData>${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}</UserData>`)
    expect(onlyEvent(deep(62)).computer).toBe('pc-1.contoso.example')
    expect(onlyReject(deep(63)).reason).toBe('too_deep')
    expect(onlyReject(deep(1_000_000)).reason).toBe('too_deep')
  })

  it('survives a million attributes and a hundred thousand repeats of a name', () => {
    const attributes = Array.from({ length: 1_000_000 }, (_, index) => ` a${index}=''`).join('')
    expect(onlyEvent(event(`<EventData><Data Name='A'${attributes}>1</Data></EventData>`)).data).toEqual({ A: '1' })
    const repeats = "<Data Name='A'/>".repeat(100_000)
    expect(Object.keys(data(repeats)).at(-1)).toBe('A#100000')
  })

  it('keeps the first 64 KiB of an event above 16 MiB and reads the next', async () => {
    const large = event(`<EventData><Data>${'x'.repeat(17 * 1024 * 1024)}</Data></EventData>`)
    const decoded = await decodeInPieces(eventXml, Buffer.from(one + large + one), 65_536)
    expect(decoded.map(({ kind }) => kind)).toEqual(['event', 'reject', 'event'])
    const [reject] = rejectsOf(decoded)
    expect(reject).toMatchObject({ reason: 'too_large', length: large.length, offset: one.length })
    expect(reject?.bytes.length).toBe(65_536)
  })

  it('says of XML that holds no event what it is', () => {
    expect(onlyReject('<html><body>no</body></html>').reason).toBe('unknown_shape')
    expect(onlyReject('<Event><Foo/></Event>').reason).toBe('unknown_shape')
    expect(decode('<Events></Events>')).toEqual([])
  })
})

function encode(text: string, encoding: 'utf8' | 'utf16le' | 'utf16be'): Buffer {
  return encoding === 'utf16be' ? Buffer.from(text, 'utf16le').swap16() : Buffer.from(text, encoding)
}
