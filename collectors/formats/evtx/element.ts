/** The tree that BinXML describes, with the template's substitutions as places to fill. */

/** One value of the template's instance. An optional one that is null takes its element or attribute with it. */
export type Substitution = { readonly kind: 'substitution'; readonly index: number; readonly optional: boolean }
export type Text = { readonly kind: 'text'; readonly text: string }
export type Piece = Text | Substitution | Element
export type Attribute = { readonly name: string; readonly pieces: readonly (Text | Substitution)[] }
export type Element = {
  readonly kind: 'element'
  readonly name: string
  readonly attributes: readonly Attribute[]
  readonly pieces: readonly Piece[]
}
