/** Finds the values without a name in a raw record, well-formed or not: XML and JSON, also one inside the other's text. */

/**
 * A stretch of the text. `position` counts from 1. `name` is what it stands under (`param3`, `#text`, `data`), empty for
 * `<Data>`; `message` is the rendered message, which prints every value.
 */
export type NamelessValue = {
  readonly start: number
  readonly end: number
  readonly position: number
  readonly name: string
}
/** `count`: how many fields there are, named ones included; undefined where the list has no end. */
export type NamelessValues = { readonly values: readonly NamelessValue[]; readonly count: number | undefined }

const LT = String.raw`(?:<|&(?:amp;)?lt;|\\{1,8}u003c)`
const GT = String.raw`(?:>|&(?:amp;)?gt;|\\{1,8}u003e)`
const PREFIX = String.raw`(?:[\w.-]{1,64}:)?`
const XML_OPEN = new RegExp(`(?:<|lt;|u003c)${PREFIX}(Data|Message)((?:\\s[^<>]{0,300}?|/)?)${GT}`, 'gi')
const XML_END = new RegExp(`${LT}/?${PREFIX}(?:Data|EventData|Message|RenderingInfo|Event)(?![\\w.-])`, 'gi')
const LIST_END = new RegExp(`^[^]{0,8}?${LT}/${PREFIX}Data${GT}\\s*${LT}/${PREFIX}EventData`, 'i')

export function xmlValues(text: string): NamelessValues {
  const values: NamelessValue[] = []
  let count = 0
  let last = 0
  XML_OPEN.lastIndex = 0
  for (let open = XML_OPEN.exec(text); open !== null; open = XML_OPEN.exec(text)) {
    const [, element = '', attributes = ''] = open
    const start = XML_OPEN.lastIndex
    const isEmpty = attributes.endsWith('/')
    XML_END.lastIndex = start
    const end = isEmpty ? start : (XML_END.exec(text)?.index ?? text.length)
    XML_OPEN.lastIndex = end
    if (element.toLowerCase() === 'message') {
      values.push({ start, end, position: 0, name: 'message' })
      continue
    }
    count++
    last = end
    if (!/\bName\s*=\s*\\*["'][^"'\\]/i.test(attributes)) values.push({ start, end, position: count, name: '' })
  }
  return { values, count: LIST_END.test(text.slice(last, last + 300)) ? count : undefined }
}

const KEY = new RegExp(
  String.raw`"(param\d{1,4}|#text|Data|String_?Inserts|message|)\\{0,8}"\s{0,8}:\s{0,8}` +
    String.raw`|"key\\{0,8}"\s{0,8}:\s{0,8}\\{0,8}"(param\d{1,4}|message|)\\{0,8}"\s{0,8},\s{0,8}\\{0,8}"value\\{0,8}"\s{0,8}:\s{0,8}\{\s{0,8}\\{0,8}"stringValue\\{0,8}"\s{0,8}:\s{0,8}` +
    // The last of the lines of a text in JSON: \n, \\n where that is in another.
    String.raw`|(\\{1,8})nMessage=`,
  'gi',
)
/** What may hold a record of its own is looked into rather than taken for a message. */
const HOLDS_RECORD = new RegExp(String.raw`^\s*(?:\{|${LT})`, 'i')

/** Values under a key that is no name: `param3`, `#text`, `Data`, `StringInserts`, none; elements of a list one by one. */
export function keyedValues(text: string): NamelessValues {
  const values: NamelessValue[] = []
  let count = 0
  let last = text.length
  KEY.lastIndex = 0
  for (let key = KEY.exec(text); key !== null; key = KEY.exec(text)) {
    const name = (key[1] ?? key[2] ?? '').toLowerCase()
    const start = KEY.lastIndex
    const newline = key[3]
    if (newline !== undefined) {
      const end = endOfString(text, start, newline.length - 1)
      values.push({ start, end, position: 0, name: 'message' })
      KEY.lastIndex = end
      continue
    }
    if (name === 'message') {
      const message = stringAt(text, start)
      if (message === undefined || HOLDS_RECORD.test(text.slice(message.start, message.start + 100))) continue
      values.push({ ...message, position: 0, name })
      KEY.lastIndex = message.end
      continue
    }
    const found = text[start] === '[' ? elementsAt(text, start + 1) : scalarAt(text, start)
    for (const stretch of found) {
      count++
      const position = name.startsWith('param') ? Number(name.slice(5)) : count
      values.push({ ...stretch, position, name: name === '' ? 'none' : name })
      last = stretch.end
      KEY.lastIndex = stretch.end
    }
  }
  const isEnded = /^\\{0,8}"?[\s\]]{0,100}\}/.test(text.slice(last, last + 120))
  return { values, count: isEnded ? count : undefined }
}

type Stretch = { readonly start: number; readonly end: number }

function scalarAt(text: string, start: number): readonly Stretch[] {
  const string = stringAt(text, start)
  if (string !== undefined) return [string]
  // An object's own keys are looked at in their turn.
  if (text[start] === '{') return []
  SCALAR_END.lastIndex = start
  return [{ start, end: SCALAR_END.exec(text)?.index ?? text.length }]
}

const SCALAR_END = /[\s,}\]]/g

function elementsAt(text: string, start: number): readonly Stretch[] {
  const found: Stretch[] = []
  let at = start
  for (;;) {
    if (found.length === MAX_ELEMENTS) return [...found, { start: at, end: text.length }]
    SPACE.lastIndex = at
    SPACE.test(text)
    at = SPACE.lastIndex
    const [element] = scalarAt(text, at)
    if (element === undefined || element.end <= at) return found
    found.push(element)
    at = element.end
    CLOSING.lastIndex = at
    if (CLOSING.test(text)) at = CLOSING.lastIndex
    if (text[at] === ']') return found
  }
}

/** No event has so many fields: what follows is not looked at one by one, and goes as one. */
const MAX_ELEMENTS = 1000
const SPACE = /[\s,]*/y
const CLOSING = /\\{0,8}"/y
const OPENING = /(\\{0,8})"/y

/** What stands inside the quotes at `start`, to the end of the text where they are never closed. */
function stringAt(text: string, start: number): Stretch | undefined {
  OPENING.lastIndex = start
  const depth = OPENING.exec(text)?.[1]?.length
  if (depth === undefined) return undefined
  const from = OPENING.lastIndex
  return { start: from, end: endOfString(text, from, depth) }
}

/** `depth`: backslashes before the quotes around it. */
function endOfString(text: string, from: number, depth: number): number {
  // Inside d texts a quote carries n = 2^d - 1 backslashes; those of the value itself add whole steps of 2(n + 1).
  for (let quote = text.indexOf('"', from); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (quote - slashes > from && text[quote - slashes - 1] === '\\') slashes++
    if (slashes % (2 * (depth + 1)) === depth) return quote - depth
  }
  return text.length
}
