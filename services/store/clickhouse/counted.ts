/** What a trend's question was answered with, before empty intervals are filled in. */
export type Group = Readonly<Record<string, string | number | null>>
/** `counts`: number of the interval, and its count. */
export type Series = {
  readonly group: Group
  readonly counts: readonly (readonly [number, number])[]
  readonly total: number
}
/** `freshAt`: when the newest of the counted rows was stored. */
export type Counted = { readonly series: readonly Series[]; readonly total: number; readonly freshAt: string | null }
