/** What a test says to describe BinXML: elements with text, substitutions and the other tokens, and templates of them. */

export type SubstitutionNode = {
  readonly kind: 'substitution'
  readonly index: number
  readonly type: number
  readonly isOptional: boolean
}
type TokenNode =
  | { readonly kind: 'cdata'; readonly text: string }
  | { readonly kind: 'char-ref'; readonly code: number }
  | { readonly kind: 'entity-ref'; readonly name: string }
  | { readonly kind: 'processing-instruction'; readonly target: string; readonly text: string }
export type ContentNode = string | SubstitutionNode | TokenNode | ElementNode
export type ElementNode = {
  readonly kind: 'element'
  readonly name: string
  readonly attributes: Readonly<Record<string, ContentNode | readonly ContentNode[]>>
  readonly content: readonly ContentNode[]
}

/** A template definition; the chunk writer writes each GUID once a chunk, where it is first used. */
export type Template = { readonly guid: string; readonly root: ElementNode }
/** A fragment: an instance of a template with its values, or a bare element. */
export type Fragment =
  | { readonly kind: 'instance'; readonly template: Template; readonly values: readonly Value[] }
  | { readonly kind: 'bare'; readonly root: ElementNode; readonly hasDependencyIds: boolean }
/** A value: its type and its bytes, or the fragment it holds. */
export type Value = { readonly type: number; readonly content: Buffer | Fragment }

export function element(
  name: string,
  attributes: ElementNode['attributes'] = {},
  content: readonly ContentNode[] = [],
): ElementNode {
  return { kind: 'element', name, attributes, content }
}

export function substitution(index: number, type: number): SubstitutionNode {
  return { kind: 'substitution', index, type, isOptional: false }
}

export function optional(index: number, type: number): SubstitutionNode {
  return { kind: 'substitution', index, type, isOptional: true }
}

export function instance(template: Template, values: readonly Value[]): Fragment {
  return { kind: 'instance', template, values }
}

/** Writers differ in whether the elements of a bare fragment carry dependency ids. */
export function bare(root: ElementNode, hasDependencyIds = true): Fragment {
  return { kind: 'bare', root, hasDependencyIds }
}
