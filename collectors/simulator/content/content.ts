/** What an event says, before a device logs it and a shipper gives it a shape. */

export type Content = {
  readonly provider: string
  readonly guid: string | null
  readonly channel: string
  readonly event_id: number
  readonly level: 2 | 3 | 4
  readonly task: number
  /** 64 bits as 0x and 16 hex digits. */
  readonly keywords: string
  /** In the order of the manifest; values as Windows' XML prints them. */
  readonly data: readonly (readonly [name: string, value: string])[]
  readonly message: string | null
}

/** Makes content of one provider and channel. `keywords`: the channel's own bit and the manifest's. */
export function contentOf(
  source: Pick<Content, 'provider' | 'guid' | 'channel'> & { readonly task?: number; readonly keywords?: string },
) {
  return (
    event_id: number,
    level: Content['level'],
    data: Content['data'],
    message: string | null = null,
    task = source.task ?? 0,
  ): Content => ({
    provider: source.provider,
    guid: source.guid,
    channel: source.channel,
    keywords: source.keywords ?? '0x4000000000000000',
    event_id,
    level,
    task,
    data,
    message,
  })
}

/** An error code as a signed 32-bit decimal, as Int32 fields are printed. */
export const signed = (code: number): string => String(code | 0)
/** As 0x and upper-case hex, as messages print it. */
export const hexCode = (code: number): string => `0x${code.toString(16).toUpperCase().padStart(8, '0')}`
