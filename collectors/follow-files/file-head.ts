/** Tells files apart by how they begin: a name or a number may come to mean another file, its first bytes hardly. */
import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'

export type FileHead = { readonly length: number; readonly sha256: string }

const MAX_HEAD_BYTES = 1024
export const EMPTY_HEAD: FileHead = { length: 0, sha256: '' }

/** Of the first 1024 bytes, or of fewer where `length` says so or the file has no more. */
export async function readHead(file: FileHandle, length = MAX_HEAD_BYTES): Promise<FileHead> {
  if (length === 0) return EMPTY_HEAD
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
  const sha256 = createHash('sha256').update(buffer.subarray(0, bytesRead)).digest('hex').slice(0, 32)
  return bytesRead === 0 ? EMPTY_HEAD : { length: bytesRead, sha256 }
}

/** Whether the file still begins as it did; a file that has grown since does. */
export async function hasHead(file: FileHandle, head: FileHead): Promise<boolean> {
  const now = await readHead(file, head.length)
  return now.length === head.length && now.sha256 === head.sha256
}

/** Whether a longer head could be taken. */
export function isShort(head: FileHead): boolean {
  return head.length < MAX_HEAD_BYTES
}
