/**
 * Mends three defects of kafkajs 2.2.4, which opens a connection that was lost again with the same object. What was left of an
 * answer that the loss cut off stayed in its buffer, and the first bytes of the new connection were taken for the rest of it:
 * the process ended with ERR_BUFFER_OUT_OF_BOUNDS (found by the chaos run with seed 1; upstream: #715). Late bytes, or the late
 * end, of the old socket were taken for those of the new one. And bytes that are no answer ended the process, or never ended.
 */
import type { Socket } from 'node:net'
import { loadInternal, methodOf, onceInKnownVersion } from './kafkajs-internals.ts'

type Connection = {
  readonly socket?: Socket
  readonly authHandlers: object | null
  chunks: Buffer[]
  bytesBuffered: number
  bytesNeeded: number
  isConnected(): boolean
}
type Prototype = {
  connect(this: Connection): Promise<unknown>
  processData(this: Connection, data: Buffer): unknown
}

/** Every answer begins with its length. */
const LENGTH_BYTES = 4

export const mendConnection = onceInKnownVersion(() => {
  const { prototype } = loadInternal('network/connection.js') as { prototype: Prototype }
  const original = { connect: methodOf(prototype, 'connect'), processData: methodOf(prototype, 'processData') }

  prototype.connect = function connectAfresh() {
    if (!this.isConnected()) {
      letGo(this.socket)
      this.chunks = []
      this.bytesBuffered = 0
      this.bytesNeeded = LENGTH_BYTES
    }
    return original.connect.call(this)
  }

  prototype.processData = function processWithoutThrowing(data) {
    try {
      if (isNoAnswer(this, data)) throw new Error('what came is no answer of a Kafka broker')
      return original.processData.call(this, data)
    } catch (error) {
      this.socket?.destroy(error instanceof Error ? error : new Error(String(error)))
      return undefined
    }
  }
})

/**
 * Nobody hears of it any more. One that is still connecting (two callers came at the same time) only may not bring data:
 * the first caller waits for its word.
 */
function letGo(socket: Socket | undefined): void {
  if (socket === undefined) return
  socket.removeAllListeners('data')
  if (!socket.writableEnded && !socket.destroyed) return
  for (const event of ['end', 'error', 'timeout']) socket.removeAllListeners(event)
  socket.on('error', () => undefined)
  socket.destroy()
}

/** A length below zero would be read again and again. */
function isNoAnswer({ authHandlers, bytesBuffered }: Connection, data: Buffer): boolean {
  return authHandlers === null && bytesBuffered === 0 && data.length >= LENGTH_BYTES && data.readInt32BE(0) < 0
}
