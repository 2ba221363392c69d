/** The quick reader of event XML against the full parser: on everything it reads at all, both say the same. */
import { expect, it } from 'vitest'
import { decodeEventXmlQuickly, decodeWithParser } from '../../../../collectors/formats/event-xml-text.ts'
import { CONTEXT } from './decode.ts'

const NAMESPACE = 'http://schemas.microsoft.com/win/2004/08/events/event'

it('agrees with the full parser on 20,000 generated events, most of which it reads', () => {
  const random = createRandom(1)
  let quick = 0
  for (let round = 0; round < 20_000; round++) {
    const text = generateEvent(random)
    const read = decodeEventXmlQuickly(text, CONTEXT)
    if (read === undefined) continue
    quick++
    expect({ text, read }).toEqual({ text, read: decodeWithParser(text, CONTEXT) })
  }
  expect(quick).toBeGreaterThan(5_000)
})

it('agrees with the full parser on 40,000 events with a character changed, lost or added', () => {
  const random = createRandom(2)
  const refused = { both: 0, parser: 0 }
  for (let round = 0; round < 40_000; round++) {
    const text = mutate(generateEvent(random), random)
    const read = decodeEventXmlQuickly(text, CONTEXT)
    if (read === undefined) refused.both++
    else expect({ text, read }).toEqual({ text, read: decodeWithParser(text, CONTEXT) })
  }
  // Changes that break the XML must be among them, or nothing was tried.
  expect(refused.both).toBeGreaterThan(10_000)
})

it('agrees with the full parser on an event cut off after any character, and ends', () => {
  const random = createRandom(3)
  for (let round = 0; round < 20; round++) {
    const text = generateEvent(random)
    for (let length = 0; length < text.length; length++) {
      const cut = text.slice(0, length)
      const read = decodeEventXmlQuickly(cut, CONTEXT)
      if (read !== undefined) expect({ cut, read }).toEqual({ cut, read: decodeWithParser(cut, CONTEXT) })
    }
  }
})

type Random = (below: number) => number

/** mulberry32: small, seeded, good enough to vary a test. */
function createRandom(seed: number): Random {
  let state = seed
  return function random(below) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)] as T

const TEXTS = [
  '',
  'plain',
  ' spaced ',
  'line\nbreak',
  'carriage\r\nreturn\r',
  '\t',
  '&lt;&amp;&gt;',
  '&#13;&#10;',
  '&#x1F600;\u{1f600}',
  '&#x1;\u0001',
  '&#xFFFE;',
  '\ufffe',
  '&#0;',
  '&bad;',
  '& ',
  '&',
  ']]>',
  ']]',
  '>',
  '<![CDATA[ <x> ]]>',
  '<!-- c -->',
  '<?p i?>',
  'ä€\u2028',
  'x'.repeat(70),
]

function generateEvent(random: Random): string {
  const quote = pick(random, ["'", '"', "'"])
  const attribute = (name: string, value: string): string => ` ${name}=${quote}${value}${quote}`
  const plain = (): string => (random(3) > 0 ? pick(random, TEXTS.slice(0, 8)) : pick(random, TEXTS))
  const element = (name: string, text: string): string =>
    text === '' && random(2) === 0 ? `<${name}/>` : `<${name}>${text}</${name}>`
  const data = (): string => {
    const name = random(3) === 0 ? '' : attribute('Name', pick(random, ['A', 'B', 'c d', '', 'a&amp;b', 'x>y', 'n\nl']))
    return `<Data${name}${random(9) === 0 ? ' ' : ''}>${plain()}</Data>`
  }
  const some = (make: () => string): string =>
    Array.from({ length: random(4) }, make).join(pick(random, ['', '', '\n  ']))
  const system =
    `<System><Provider${attribute('Name', 'P')}${random(5) === 0 ? attribute('Name', 'Q') : ''} />` +
    `<EventID${random(2) === 0 ? attribute('Qualifiers', '0') : ''}>${random(70_000)}</EventID>` +
    element('Version', pick(random, ['', '0', '1', '300'])) +
    element('Level', pick(random, ['2', '4', '', 'x'])) +
    element('Keywords', pick(random, ['0x4000000000000012', '0x0', '', '12'])) +
    `<TimeCreated${attribute('SystemTime', pick(random, ['2024-11-15T15:02:03.6949840Z', '2024-02-30T00:00:00Z', '1601-01-01T00:00:00Z']))}/>` +
    element('EventRecordID', pick(random, ['1', '18446744073709551615', '99999999999999999999', ''])) +
    element('Computer', pick(random, ['PC-1', '', ' PC ', 'ÄÖ.example'])) +
    '</System>'
  const sections = [
    `<EventData>${some(data)}${random(5) === 0 ? `<Binary>${plain()}</Binary>` : ''}</EventData>`,
    `<UserData><U xmlns=${quote}u${quote}>${some(() => element(pick(random, ['A', 'B', 'Event']), plain()))}</U></UserData>`,
    `<EventData><ComplexData${attribute('Name', 'C')}>${some(data)}${plain()}</ComplexData></EventData>`,
    `<ProcessingErrorData><ErrorCode>5</ErrorCode>${plain()}</ProcessingErrorData>`,
    `<RenderingInfo${attribute('Culture', 'de')}><Message>${plain()}</Message></RenderingInfo>`,
    '<EventData/>',
  ]
  const body = Array.from({ length: 1 + random(2) }, () => pick(random, sections)).join('')
  return `${pick(random, ['', '', ' \n'])}<Event xmlns=${quote}${NAMESPACE}${quote}>${system}${body}</Event>${pick(random, ['', '\n'])}`
}

function mutate(text: string, random: Random): string {
  const at = random(text.length)
  const inserted = pick(random, ['<', '>', '/', '"', "'", '&', ';', ' ', '=', 'a', '\0', '\n', ':', '-', '!', '?', ']'])
  return text.slice(0, at) + pick(random, ['', inserted]) + text.slice(at + random(2))
}
