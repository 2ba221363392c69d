/** Archives by their first bytes. */

/** Those that are opened, and those that are only named, so that the operator knows what to do. */
type Container = 'gzip' | 'zstd' | 'zip' | '7-Zip' | 'cabinet' | 'RAR' | 'xz' | 'bzip2' | 'tar'

const MAGIC: readonly (readonly [Container, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  // A skippable frame: pzstd begins with one.
  ...Array.from({ length: 16 }, (_, kind) => ['zstd', [0x50 + kind, 0x2a, 0x4d, 0x18]] as const),
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  // An empty zip has nothing but its end record.
  ['zip', [0x50, 0x4b, 0x05, 0x06]],
  ['7-Zip', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  // MDM diagnostic reports come as cabinets.
  ['cabinet', [0x4d, 0x53, 0x43, 0x46, 0, 0, 0, 0]],
  ['RAR', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
]

const TAR_AT = 257

export function sniffContainer(head: Uint8Array): Container | undefined {
  for (const [container, magic] of MAGIC) if (magic.every((byte, at) => head[at] === byte)) return container
  const isTar = Buffer.from(head.subarray(TAR_AT, TAR_AT + 5)).toString('latin1') === 'ustar'
  return isTar ? 'tar' : undefined
}
