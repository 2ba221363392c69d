/** Which partition a key belongs to: as the Java client's default partitioner does, so that other producers agree. */

const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995

/** murmur2 of the key, made positive, modulo `partitions`. Source: Apache Kafka, Utils.murmur2 and BuiltInPartitioner. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return (murmur2(key) & 0x7fffffff) % partitions
}

/** 32 bits, signed. Source: Austin Appleby, MurmurHash2. */
export function murmur2(key: Uint8Array): number {
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength)
  const words = key.length >>> 2
  let hash = SEED ^ key.length
  for (let at = 0; at < words; at++) {
    let word = Math.imul(view.getInt32(at * 4, true), MULTIPLIER)
    word = Math.imul(word ^ (word >>> 24), MULTIPLIER)
    hash = Math.imul(hash, MULTIPLIER) ^ word
  }
  const rest = key.length & 3
  const tail = words * 4
  if (rest > 0) {
    for (let at = rest - 1; at >= 0; at--) hash ^= view.getUint8(tail + at) << (8 * at)
    hash = Math.imul(hash, MULTIPLIER)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}
