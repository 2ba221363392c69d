/** HTML as a template: every value is escaped unless it is HTML already. */

export type Html = { readonly html: string }
type Part = string | number | Html | undefined | readonly Part[]

export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return { html: strings.reduce((text, string, index) => text + render(values[index - 1]) + string) }
}

function render(value: Part): string {
  if (value === undefined) return ''
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value))
  return 'html' in value ? value.html : value.map(render).join('')
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Text with `code` in backticks. */
export function prose(text: string): Html[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
}

/** JSON, indented and coloured by kind. */
export function jsonBlock(value: unknown): Html[] {
  const text = JSON.stringify(value, null, 2)
  const tokens = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi
  const parts: Html[] = []
  let end = 0
  for (const match of text.matchAll(tokens)) {
    const [token, string, colon] = match
    const kind = colon !== undefined ? 'key' : string !== undefined ? 'str' : 'num'
    parts.push(
      html`${text.slice(end, match.index)}`,
      html`<span class="${kind}">${string ?? token}</span>${colon ?? ''}`,
    )
    end = match.index + token.length
  }
  return [...parts, html`${text.slice(end)}`]
}
