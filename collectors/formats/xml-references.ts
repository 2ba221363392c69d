/** Entities and character references in XML text. */

/**
 * The text with the five predefined entities and all character references replaced; undefined when there is another
 * entity or a reference to what is no character. Control characters are let through, unlike in XML 1.0: Windows writes
 * them into events, and an event must not be lost for one.
 */
export function decodeReferences(text: string): string | undefined {
  let decoded = ''
  let from = 0
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', from)) {
    const end = text.indexOf(';', at)
    // The longest reference that means anything is &#x10FFFF; give or take leading zeros.
    if (end < 0 || end - at > 40) return undefined
    const character = characterOf(text.slice(at + 1, end))
    if (character === undefined) return undefined
    decoded += text.slice(from, at) + character
    from = end + 1
  }
  return decoded + text.slice(from)
}

function characterOf(name: string): string | undefined {
  switch (name) {
    case '#13':
      return '\r'
    case '#10':
      return '\n'
    case 'lt':
      return '<'
    case 'gt':
      return '>'
    case 'amp':
      return '&'
    case 'quot':
      return '"'
    case 'apos':
      return "'"
  }
  if (!/^#(?:[0-9]+|x[0-9a-fA-F]+)$/.test(name)) return undefined
  const code = name.charCodeAt(1) === 0x78 ? parseInt(name.slice(2), 16) : parseInt(name.slice(1), 10)
  return isCharacter(code) ? String.fromCodePoint(code) : undefined
}

function isCharacter(code: number): boolean {
  return (code > 0 && code < 0xd800) || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff)
}

const CONTROL = /&#(?:0*([0-9]{1,2})|x0*([0-9a-fA-F]{1,2}));/g

/**
 * References to control characters, which XML 1.0 forbids, as the characters themselves. Tab, line feed and carriage
 * return stay references, for a raw one would be normalised away.
 */
export function unfoldControlReferences(text: string): string {
  if (!text.includes('&#')) return text
  return text.replace(CONTROL, (reference, decimal: string | undefined, hex: string | undefined) => {
    const code = decimal === undefined ? parseInt(hex ?? '', 16) : parseInt(decimal, 10)
    if (code === 0 || code > 0x1f || code === 9 || code === 10 || code === 13) return reference
    return String.fromCharCode(code)
  })
}
