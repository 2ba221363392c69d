import { describe, expect, it } from 'vitest'
import { evtx } from '../../../../../collectors/formats/evtx/evtx.ts'
import {
  sealChunkBytes,
  sealFileHeader,
  type WrittenEvtx,
  writeEvtx,
} from '../../../../support/evtx-writer/evtx-writer.ts'
import { element, instance } from '../../../../support/evtx-writer/nodes.ts'
import { decodeAll, readBack, sorted } from '../../../../support/evtx-writer/read-back.ts'
import * as value from '../../../../support/evtx-writer/values.ts'
import { eventData, SYSTEM, systemValues, windowsEvent } from '../../../../support/evtx-writer/windows-templates.ts'

const HEADER = 4096
const CHUNK = 65536

/** Three chunks of ten records, ids 1 to 30. */
function threeChunks(): WrittenEvtx {
  const records = Array.from({ length: 30 }, (_, index) => {
    const id = BigInt(index + 1)
    return {
      id,
      fragment: windowsEvent(id, eventData('d0000001-0000-4000-8000-000000000000', { n: value.uint32(index) })),
    }
  })
  return writeEvtx(records, 10)
}

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

async function read(bytes: Uint8Array) {
  const { events, rejects, damage } = sorted(await decodeAll(bytes))
  return {
    ids: events.map((event) => event.record_id),
    rejects,
    damage: damage.map(({ offset, length, reason }) => ({ offset, length, reason })),
  }
}

/** The n-th record, from 1. */
const recordOf = ({ records }: WrittenEvtx, n: number) => records[n - 1]!
const chunkOf = (bytes: Buffer, n: number) => bytes.subarray(HEADER + (n - 1) * CHUNK, HEADER + n * CHUNK)

describe('the file header', () => {
  it('of a sound file is nothing to report', async () => {
    expect(await read(threeChunks().bytes)).toEqual({ ids: ids(1, 30), rejects: [], damage: [] })
  })

  it('decides what is EVTX, however little there is of it', () => {
    expect(evtx.matches(threeChunks().bytes)).toBe(true)
    expect(evtx.matches(Buffer.from('ElfFile'))).toBe(false)
    expect(evtx.matches(Buffer.from('ElfFile\x01 and more'))).toBe(false)
    expect(evtx.matches(new Uint8Array(0))).toBe(false)
  })

  it('that is dirty or stale is reported, and the file read to its end', async () => {
    const { bytes } = threeChunks()
    bytes.writeUInt32LE(1, 120)
    bytes.writeUInt16LE(1, 42)
    sealFileHeader(bytes)
    const result = await read(bytes)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage).toEqual([
      { offset: 120, length: 4, reason: expect.stringContaining('marked as in use') as string },
    ])
  })

  it('with a wrong checksum, or of a version to come, is reported', async () => {
    const { bytes } = threeChunks()
    bytes.writeUInt16LE(3, 36)
    const result = await read(bytes)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage.map((item) => [item.offset, item.length, item.reason])).toEqual([
      [0, 128, "the file header's checksum does not hold"],
      [36, 4, 'EVTX version 3.3 is not known; it was read like 3.2'],
    ])
  })

  it('that is gone does not hide the chunks', async () => {
    const { bytes } = threeChunks()
    bytes.fill(0xff, 0, HEADER)
    const result = await read(bytes)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage).toEqual([
      { offset: 0, length: HEADER, reason: expect.stringContaining('not an EVTX file') as string },
    ])
    expect((await read(bytes.subarray(HEADER))).ids).toEqual(ids(1, 30))
  })

  it('alone is an empty log; less of it is damage', async () => {
    expect(await read(writeEvtx([]).bytes)).toEqual({ ids: [], rejects: [], damage: [] })
    expect((await read(writeEvtx([]).bytes.subarray(0, 100))).damage).toEqual([
      { offset: 0, length: 100, reason: 'the file ends inside its header' },
    ])
    expect((await read(Buffer.alloc(0))).damage).toHaveLength(1)
  })
})

describe('a chunk', () => {
  it('without its signature is damage, and the others are read', async () => {
    const { bytes } = threeChunks()
    bytes.write('ElfChnX', HEADER + CHUNK)
    const result = await read(bytes)
    expect(result.ids).toEqual([...ids(1, 10), ...ids(21, 30)])
    expect(result.damage).toEqual([
      { offset: HEADER + CHUNK, length: CHUNK, reason: 'a chunk without the signature of one' },
    ])
  })

  it('with a wrong checksum over its header is read record by record', async () => {
    const { bytes } = threeChunks()
    bytes.writeUInt32LE(0xffffffff, HEADER + CHUNK + 44)
    const result = await read(bytes)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage).toEqual([
      { offset: HEADER + CHUNK, length: 512, reason: expect.stringContaining("chunk header's checksum") as string },
    ])
  })

  it('with a wrong checksum over its records is read record by record', async () => {
    const file = threeChunks()
    const second = recordOf(file, 12)
    file.bytes.writeUInt8(0xee, second.offset + 16)
    const result = await read(file.bytes)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage).toHaveLength(1)
    expect(result.damage[0]).toMatchObject({
      offset: HEADER + CHUNK + 512,
      reason: expect.stringContaining('checksum over') as string,
    })
  })

  it('whose header is all wrong is read to the last record that counts on, and no remains behind it', async () => {
    const file = threeChunks()
    const old = file.bytes.subarray(recordOf(file, 1).offset, recordOf(file, 1).offset + recordOf(file, 1).size)
    const last = recordOf(file, 20)
    old.copy(file.bytes, last.offset + last.size)
    old.copy(file.bytes, last.offset + last.size + 4000)
    file.bytes.fill(0xff, HEADER + CHUNK + 40, HEADER + CHUNK + 128)
    const result = await read(file.bytes)
    expect(result.ids.filter((id) => id !== '1')).toEqual(ids(2, 30))
    expect(result.damage.map((item) => item.reason)).toEqual([
      expect.stringContaining("chunk header's checksum"),
      expect.stringContaining('checksum over'),
    ])
  })

  it('of zeros is room for more at the end of the file, and a loss before that', async () => {
    const { bytes } = threeChunks()
    expect(await read(Buffer.concat([bytes, Buffer.alloc(3 * CHUNK + 100)]))).toEqual({
      ids: ids(1, 30),
      rejects: [],
      damage: [],
    })
    chunkOf(bytes, 1).fill(0)
    chunkOf(bytes, 2).fill(0)
    const result = await read(bytes)
    expect(result.ids).toEqual(ids(21, 30))
    expect(result.damage).toEqual([{ offset: HEADER, length: 2 * CHUNK, reason: 'zeros where a chunk should be' }])
    chunkOf(bytes, 3).fill(0)
    expect((await read(bytes)).damage).toEqual([
      { offset: HEADER, length: 3 * CHUNK, reason: 'zeros where a chunk should be' },
    ])
  })

  it('is found again after bytes went missing or came in', async () => {
    const { bytes } = threeChunks()
    const cut = Buffer.concat([bytes.subarray(0, HEADER + CHUNK - 1000), bytes.subarray(HEADER + CHUNK)])
    expect((await read(cut)).ids).toEqual(ids(1, 30))
    const grown = Buffer.concat([
      bytes.subarray(0, HEADER + CHUNK),
      Buffer.alloc(777, 0xaa),
      bytes.subarray(HEADER + CHUNK),
    ])
    const result = await read(grown)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage).toEqual([{ offset: HEADER + CHUNK, length: 777, reason: 'bytes that are no chunk' }])
  })

  it('that the header has not caught up with is read beyond its end', async () => {
    const file = threeChunks()
    const chunk = chunkOf(file.bytes, 2)
    chunk.writeUInt32LE(recordOf(file, 15).offset - HEADER - CHUNK, 48)
    sealChunkBytes(chunk)
    expect(await read(file.bytes)).toEqual({ ids: ids(1, 30), rejects: [], damage: [] })
  })

  it('gives nothing from the free space behind its records', async () => {
    const file = threeChunks()
    const chunk = chunkOf(file.bytes, 3)
    const { offset, size } = recordOf(file, 21)
    file.bytes.copy(chunk, chunk.readUInt32LE(48), offset, offset + size)
    expect(await read(file.bytes)).toEqual({ ids: ids(1, 30), rejects: [], damage: [] })
  })
})

describe('a record', () => {
  it('of size zero is damage up to the next one', async () => {
    const file = threeChunks()
    const { offset, size } = recordOf(file, 13)
    file.bytes.writeUInt32LE(0, offset + 4)
    sealChunkBytes(chunkOf(file.bytes, 2))
    const result = await read(file.bytes)
    expect(result.ids).toEqual(ids(1, 30).filter((id) => id !== '13'))
    expect(result.damage).toEqual([{ offset, length: size, reason: 'a record of size zero' }])
  })

  it.each([1, 27, 1000, 70000, 0xffffffff])('that claims %i bytes is damage up to the next one', async (claimed) => {
    const file = threeChunks()
    const { offset, size } = recordOf(file, 13)
    file.bytes.writeUInt32LE(claimed, offset + 4)
    sealChunkBytes(chunkOf(file.bytes, 2))
    const result = await read(file.bytes)
    expect(result.ids).toEqual(ids(1, 30).filter((id) => id !== '13'))
    expect(result.damage).toEqual([{ offset, length: size, reason: `a record that claims ${claimed} bytes` }])
  })

  it('without its signature is damage up to the next one', async () => {
    const file = threeChunks()
    const { offset, size } = recordOf(file, 30)
    file.bytes.writeUInt32LE(0, offset)
    sealChunkBytes(chunkOf(file.bytes, 3))
    const result = await read(file.bytes)
    expect(result.ids).toEqual(ids(1, 29))
    expect(result.damage).toEqual([{ offset, length: size, reason: 'no record starts here' }])
  })

  it('whose end is spoilt is kept when its event is whole, and reported', async () => {
    const file = threeChunks()
    const { offset, size } = recordOf(file, 13)
    file.bytes.writeUInt32LE(0, offset + size - 4)
    sealChunkBytes(chunkOf(file.bytes, 2))
    const result = await read(file.bytes)
    expect(result.ids).toEqual(ids(1, 30))
    expect(result.damage).toEqual([
      { offset: offset + size - 4, length: 4, reason: expect.stringContaining('sizes') as string },
    ])
  })

  it.each([0, 3, 8, 23, 24, 40, 100])(
    'cut off after %i bytes by the end of the file costs only itself',
    async (kept) => {
      const file = threeChunks()
      const { offset } = recordOf(file, 25)
      const result = await read(file.bytes.subarray(0, offset + kept))
      expect(result.ids).toEqual(ids(1, 24))
      expect(result.damage[0]).toMatchObject({
        offset: HEADER + 2 * CHUNK,
        reason: expect.stringContaining('of its 65536 bytes') as string,
      })
      expect(result.damage.slice(1).every((item) => item.offset === offset && item.length === kept)).toBe(true)
      expect(result.damage).toHaveLength(kept === 0 ? 1 : 2)
    },
  )

  it('of a file cut inside a chunk header is not there', async () => {
    const result = await read(threeChunks().bytes.subarray(0, HEADER + 2 * CHUNK + 200))
    expect(result.ids).toEqual(ids(1, 20))
    expect(result.damage).toEqual([
      { offset: HEADER + 2 * CHUNK, length: 200, reason: 'the file ends inside a chunk header' },
    ])
  })

  it('whose System part is blank is damage', async () => {
    const zero = {
      provider: value.string(''),
      record_id: value.uint64(0n),
      occurred_at: value.filetime(0n),
      event_id: value.uint16(0),
    }
    const { events, rejects, damage } = await readBack(windowsEvent(1n, null), windowsEvent(2n, null, zero))
    expect([events.length, rejects.length]).toEqual([1, 0])
    expect(damage.map((item) => item.reason)).toEqual(['the System part of the record is blank'])
  })

  it.each([
    ['no_event_id', { event_id: value.nothing }],
    ['no_time', { occurred_at: value.nothing }],
    ['time_out_of_range', { occurred_at: value.filetime(0xffffffffffffffffn) }],
    ['invalid_event', { event_id: value.uint32(65536) }],
    ['invalid_event', { record_id: value.string('-1') }],
    ['invalid_event', { record_id: value.string('18446744073709551616') }],
    ['invalid_event', { keywords: value.string('many') }],
  ] as const)('that lacks what an event needs is rejected as %s, with its bytes', async (reason, system) => {
    const file = writeEvtx([{ id: 1n, fragment: windowsEvent(1n, null, system) }])
    const { events, rejects, damage } = sorted(await decodeAll(file.bytes))
    expect([events.length, damage.length]).toEqual([0, 0])
    const { offset, size } = recordOf(file, 1)
    expect(rejects).toMatchObject([{ reason, offset, length: size, shipper: 'evtx' }])
    expect(Buffer.from(rejects[0]!.bytes).equals(file.bytes.subarray(offset, offset + size))).toBe(true)
  })

  it('without a computer, or without any System part, is rejected as no_computer', async () => {
    const nameless = {
      ...SYSTEM,
      content: SYSTEM.content.filter(
        (node) => typeof node === 'string' || node.kind !== 'element' || node.name !== 'Computer',
      ),
    }
    const { rejects } = await readBack(
      instance(
        { guid: 'd0000002-0000-4000-8000-000000000000', root: element('Event', {}, [nameless]) },
        systemValues(1n),
      ),
      instance({ guid: 'd0000003-0000-4000-8000-000000000000', root: element('Event') }, []),
    )
    expect(rejects.map((item) => item.reason)).toEqual(['no_computer', 'no_computer'])
  })

  it('whose data template is spoilt is kept without its data, as are the others that use it', async () => {
    const file = threeChunks()
    const definition = file.bytes.indexOf(Buffer.from('Data\0', 'utf16le'), HEADER)
    const dataTemplate = recordOf(file, 1).needs.find(({ start, end }) => start <= definition && definition < end)!
    file.bytes.writeUInt8(0x3f, dataTemplate.start + 24 + 4)
    sealChunkBytes(chunkOf(file.bytes, 1))
    const { events, damage } = sorted(await decodeAll(file.bytes))
    expect(events.map((event) => event.record_id)).toEqual(ids(1, 30))
    expect(damage).toHaveLength(10)
    expect(damage[0]?.reason).toContain('the event was kept, but not all of its data could be read')
  })
})
