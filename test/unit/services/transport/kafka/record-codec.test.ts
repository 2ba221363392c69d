import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import {
  type BatchContext,
  createDecodeRecord,
  createEncodeRecord,
  type DecodeRecord,
  type EncodeRecord,
  type RecordParts,
} from '../../../../../services/transport/kafka/record-codec.ts'
import { createRandom } from '../../../../support/seeded-random.ts'

const load = createRequire(import.meta.url)
const theirEncode = load('kafkajs/src/protocol/recordBatch/record/v0/index.js') as EncodeRecord
const theirDecode = load('kafkajs/src/protocol/recordBatch/record/v0/decoder.js') as DecodeRecord
const Decoder = load('kafkajs/src/protocol/decoder.js') as new (bytes: Buffer) => { buffer: Buffer }

const CONTEXT: BatchContext = {
  firstOffset: '4711',
  firstTimestamp: '1795000000000',
  maxTimestamp: '1795000000999',
  magicByte: 2,
  isControlBatch: false,
  timestampType: 0,
}
const unexpected = () => {
  throw new Error('left to kafkajs')
}
const decode = createDecodeRecord(theirDecode)
const decodeAlone = createDecodeRecord(unexpected)

/** Bytes behind the length, as kafkajs' batch decoder hands them on. */
function bodyOf(bytes: Buffer): Buffer {
  let at = 0
  while ((bytes[at++] ?? 0) > 127);
  return bytes.subarray(at)
}
const theirs = (body: Buffer, context = CONTEXT) => theirDecode(new Decoder(body), context)
const ours = (body: Buffer, context = CONTEXT) => decode(new Decoder(body), context)

function randomParts(seed: number): RecordParts {
  const random = createRandom(seed)
  const below = (limit: number) => Math.floor(random() * limit)
  const bytes = (most: number) => Buffer.from(Array.from({ length: below(most) }, () => below(256)))
  const text = () => ['', 'windows', 'é€😀', 'x'.repeat(below(300))][below(4)] ?? ''
  const either = (most: number) => (random() < 0.5 ? bytes(most) : text())
  const headers = Object.fromEntries(
    Array.from({ length: below(5) }, (_, at) => [
      `${text()}${at}`,
      random() < 0.2 ? [either(20), either(20)] : either(40),
    ]),
  )
  return {
    key: random() < 0.2 ? null : either(80),
    value: random() < 0.1 ? null : either(random() < 0.1 ? 40_000 : 2_000),
    ...(random() < 0.2 ? {} : { headers }),
    offsetDelta: below(random() < 0.5 ? 100 : 100_000),
    timestampDelta: below(random() < 0.5 ? 2 : 2 ** 27),
  }
}

describe('encoding a record', () => {
  it('gives the bytes that kafkajs gives, whatever is in it', () => {
    const encode = createEncodeRecord(unexpected)
    for (let seed = 1; seed <= 500; seed++) {
      const parts = randomParts(seed)
      expect(encode(parts).buffer.equals(theirEncode(parts).buffer), `seed ${seed}`).toBe(true)
    }
  })

  it('encodes headers that many messages share as if each had its own', () => {
    const encode = createEncodeRecord(unexpected)
    const headers = { schema: '1', tenant: 'müller' }
    for (const value of ['a', 'b', 'c']) {
      expect(encode({ key: 'k', value, headers }).buffer).toEqual(theirEncode({ key: 'k', value, headers }).buffer)
    }
  })

  it('leaves a time before the first of its batch, or weeks behind it, to kafkajs', () => {
    const encode = createEncodeRecord(theirEncode)
    for (const timestampDelta of [-1, -5_000, 2 ** 27, 2 ** 40]) {
      const parts = { key: 'k', value: 'v', timestampDelta }
      expect(encode(parts).buffer).toEqual(theirEncode(parts).buffer)
    }
  })

  it('is taken by kafkajs for an encoder of its own', () => {
    const Encoder = load('kafkajs/src/protocol/encoder.js') as new () => {
      writeEncoderArray(records: readonly unknown[]): void
      readonly buffer: Buffer
    }
    const all = new Encoder()
    const encode = createEncodeRecord(unexpected)
    const parts = [randomParts(1), randomParts(2)]
    all.writeEncoderArray(parts.map(encode))
    expect(all.buffer).toEqual(Buffer.concat(parts.map((one) => theirEncode(one).buffer)))
  })
})

describe('decoding a record', () => {
  it('reads what kafkajs reads, whatever is in it', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const body = bodyOf(theirEncode(randomParts(seed)).buffer)
      expect(ours(body), `seed ${seed}`).toEqual(theirs(body))
    }
  })

  it('reads records of our own kind without kafkajs', () => {
    const headers = {
      schema: '1',
      tenant: 'default',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }
    const body = bodyOf(theirEncode({ key: 'k', value: '{}', headers, offsetDelta: 7, timestampDelta: 3 }).buffer)
    expect(decodeAlone(new Decoder(body), CONTEXT)).toEqual(theirs(body))
  })

  it('gives every record the headers that it has, also where neighbours differ, and shares them where they are equal', () => {
    const bodies = ['a', 'a', 'b', 'a'].map((tenant) =>
      bodyOf(theirEncode({ key: null, value: tenant, headers: { tenant } }).buffer),
    )
    const [first, second, third, fourth] = bodies.map((body) => ours(body).headers)
    expect([first, second, third, fourth].map((headers) => String(headers?.tenant))).toEqual(['a', 'a', 'b', 'a'])
    expect(second).toBe(first)
  })

  it('keeps headers that it shares apart from the bytes of the batch', () => {
    const body = Buffer.from(bodyOf(theirEncode({ value: 'v', headers: { tenant: 'acme' } }).buffer))
    const { headers } = ours(body)
    body.fill(0)
    expect(String(headers.tenant)).toBe('acme')
  })

  it("takes the batch's numbers: the broker's time, offsets beyond 2^53, control batches", () => {
    const body = bodyOf(theirEncode({ key: 'k', value: 'v', offsetDelta: 5, timestampDelta: 9 }).buffer)
    for (const context of [
      { ...CONTEXT, timestampType: 1 },
      { ...CONTEXT, firstOffset: '9007199254740990' },
      { ...CONTEXT, firstOffset: '9223372036854775000' },
      { ...CONTEXT, firstTimestamp: '-1' },
      { ...CONTEXT, isControlBatch: true },
    ]) {
      expect(ours(body, context)).toEqual(theirs(body, context))
    }
  })

  it('leaves a name that comes twice, and the name __proto__, to kafkajs', () => {
    const twice = bodyOf(theirEncode({ value: 'v', headers: { a: ['1', '2', '3'] } }).buffer)
    const proto = Buffer.concat([
      Buffer.from([0, 0, 0, 1, 2, 120, 2, 18]),
      Buffer.from('__proto__'),
      Buffer.from([2, 120]),
    ])
    for (const body of [twice, proto]) expect(ours(body)).toEqual(theirs(body))
  })

  it('reads headers with names that every object has, of which kafkajs makes lists with functions in them', () => {
    const body = bodyOf(theirEncode({ value: 'v', headers: { constructor: 'x', toString: 'y' } }).buffer)
    expect(ours(body).headers).toEqual({ constructor: Buffer.from('x'), toString: Buffer.from('y') })
  })

  it('does with a damaged record what kafkajs does', () => {
    const outcome = (read: () => unknown) => {
      try {
        return read()
      } catch (error) {
        return (error as Error).name
      }
    }
    const damaged: Buffer[] = []
    for (const headers of [{}, { a: '1', b: '2' }]) {
      const whole = bodyOf(theirEncode({ key: 'key', value: 'value', headers }).buffer)
      for (let at = 0; at < whole.length; at++) {
        damaged.push(whole.subarray(0, at))
        for (const byte of [0, 1, 3, 127, 128, 255]) damaged.push(Buffer.from(whole).fill(byte, at, at + 1))
      }
    }
    for (const body of damaged) expect(outcome(() => ours(body))).toEqual(outcome(() => theirs(body)))
  })
})
