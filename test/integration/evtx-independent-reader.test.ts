/**
 * Every field of every record against independent readers: `evtxexport` (libevtx, Debian's libevtx-utils) and, where it is
 * on the path, `evtx_dump` (`cargo install evtx`). On files of our writer, and on real ones where they are.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SaxesParser } from 'saxes'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addDataField } from '../../collectors/formats/data-fields.ts'
import { VALUE } from '../../collectors/formats/evtx/layout.ts'
import type { WindowsEvent } from '../../schemas/windows-event.ts'
import { writeEvtx } from '../support/evtx-writer/evtx-writer.ts'
import {
  bare,
  type ContentNode,
  element,
  type Fragment,
  instance,
  optional,
  substitution,
  type Value,
} from '../support/evtx-writer/nodes.ts'
import { decodeAll, sorted } from '../support/evtx-writer/read-back.ts'
import * as value from '../support/evtx-writer/values.ts'
import { classicEventData, eventData, windowsEvent } from '../support/evtx-writer/windows-templates.ts'
import { sharedPath } from '../support/shared-samples.ts'

type Reader = { readonly name: string; readonly args: readonly string[] }
const evtxexport: Reader = { name: 'evtxexport', args: ['-f', 'xml'] }
const evtxDump: Reader = { name: 'evtx_dump', args: ['-t', '1', '-o', 'xml'] }
const isInstalled = ({ name }: Reader) => spawnSync(name, ['-V']).status === 0
for (const reader of [evtxexport, evtxDump]) {
  if (!isInstalled(reader)) console.log(`not run: EVTX against ${reader.name}, which is not installed`)
}
const samples = sharedPath('samples', 'evtx')

type Node = {
  readonly name: string
  readonly attributes: Record<string, string>
  readonly children: Node[]
  text: string
}

/** The events that the reader prints. Between them it says in plain lines what it could not read. */
function exported(reader: Reader, path: string): Node[] {
  const { stdout } = spawnSync(reader.name, [...reader.args, path], { encoding: 'utf8', maxBuffer: 1 << 28 })
  return stdout
    .split(/^(?=<Event )/m)
    .slice(1)
    .map((part) => parse(part.slice(0, part.lastIndexOf('</Event>') + 8)))
}

/** Both print control characters as they are, which XML forbids: they pass the parser in disguise. */
const disguise = (text: string) =>
  text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, (control) => String.fromCharCode(0xe000 + control.charCodeAt(0)))
const undisguise = (text: string) =>
  text.replace(/[\ue000-\ue01f]/g, (control) => String.fromCharCode(control.charCodeAt(0) - 0xe000))

function parse(xml: string): Node {
  const root: Node = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  const parser = new SaxesParser()
  parser.on('opentag', ({ name, attributes }) => {
    const node: Node = { name, attributes, children: [], text: '' }
    open.at(-1)?.children.push(node)
    open.push(node)
  })
  const addText = (text: string) => {
    const node = open.at(-1)
    if (node !== undefined) node.text += undisguise(text)
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => open.pop())
  parser.write(disguise(xml)).close()
  return root.children[0] ?? root
}

/** Windows prints keywords without zeros in front; ours always have 16 digits. */
function paddedHex(text: string | undefined): string | null {
  return text === undefined ? null : `0x${text.slice(2).padStart(16, '0')}`
}

/** The exported event in our shape, as far as XML has it; `data` by the naming rule of data-fields.ts. */
function ofNode(event: Node): Omit<WindowsEvent, 'collected_at' | 'message' | 'user' | 'shipper'> {
  const system = event.children.find((node) => node.name === 'System')
  const child = (name: string) => system?.children.find((node) => node.name === name)
  const number = (text: string | undefined) => (text === undefined || text === '' ? null : Number(text))
  return {
    computer: (child('Computer')?.text ?? '').toLowerCase(),
    channel: child('Channel')?.text || null,
    provider: child('Provider')?.attributes.Name ?? null,
    event_id: Number(child('EventID')?.text),
    version: number(child('Version')?.text),
    level: number(child('Level')?.text),
    task: number(child('Task')?.text),
    opcode: number(child('Opcode')?.text),
    keywords: paddedHex(child('Keywords')?.text),
    record_id: child('EventRecordID')?.text ?? null,
    // evtxexport prints nine digits, the last two always zero: a FILETIME has seven.
    occurred_at: (child('TimeCreated')?.attributes.SystemTime ?? '').replace(/(\.\d{7})00Z$/, '$1Z'),
    user_sid: child('Security')?.attributes.UserID ?? null,
    process_id: number(child('Execution')?.attributes.ProcessID),
    thread_id: number(child('Execution')?.attributes.ThreadID),
    activity_id: child('Correlation')?.attributes.ActivityID?.replaceAll(/[{}]/g, '').toLowerCase() ?? null,
    data: dataOf(event.children.filter((node) => node !== system)),
  }
}

function dataOf(parts: readonly Node[]): Record<string, string> {
  const data: Record<string, string> = {}
  for (const part of parts) {
    let position = 0
    const add = (node: Node, prefix: string, isEventData: boolean) => {
      const isData = isEventData && node.name === 'Data'
      if (isData) position += 1
      const own = node.attributes.Name ?? (isData ? undefined : node.name)
      const name = own === undefined ? undefined : prefix + own
      if (node.children.length === 0) addDataField(data, name, position, node.text)
      for (const [attribute, text] of Object.entries(node.attributes)) {
        if (attribute !== 'Name' && attribute !== 'xmlns')
          addDataField(data, `${name ?? ''}@${attribute}`, position, text)
      }
      for (const child of node.children) add(child, `${name ?? ''}.`, false)
    }
    const top = part.name === 'UserData' ? (part.children[0]?.children ?? []) : part.children
    for (const node of top) add(node, '', part.name === 'EventData')
  }
  return data
}

/** Ways of theirs to print a value otherwise than Windows does: docs/decisions/0003-evtx-reader.md. */
const explained: readonly (readonly [string, (ours: string, theirs: string) => boolean])[] = [
  ['hex with zeros in front', (ours, theirs) => isHex(ours) && isHex(theirs) && BigInt(ours) === BigInt(theirs)],
  ['a pointer in decimal', (ours, theirs) => isHex(ours) && /^\d+$/.test(theirs) && BigInt(ours) === BigInt(theirs)],
  ['nine digits of a time', (ours, theirs) => /T[\d:]+\.\d{7}Z$/.test(ours) && theirs === ours.replace('Z', '00Z')],
  [
    'seven digits of milliseconds',
    (ours, theirs) => /T[\d:]+\.\d{3}Z$/.test(ours) && theirs === ours.replace('Z', '0000Z'),
  ],
  [
    'a float with an exponent',
    (ours, theirs) => isExponent(theirs) && Math.abs(Number(ours) / Number(theirs) - 1) < 1e-6,
  ],
  ['a GUID in lower case', (ours, theirs) => /^\{[0-9a-f-]{36}\}$/.test(theirs) && ours === theirs.toUpperCase()],
  ['an underscore for a control character', (ours, theirs) => ours.replace(/[\0-\x1f]/g, '_') === theirs],
]
const isHex = (text: string) => /^0x[0-9a-f]+$/.test(text)
const isExponent = (text: string) => /^-?\d\.\d{6}e[+-]\d+$/.test(text)

type Comparison = { readonly compared: number; readonly differences: Record<string, number> }

/** Compares all records that both read, and counts each explained difference. An unexplained one fails the test. */
async function compare(reader: Reader, path: string): Promise<Comparison> {
  const { events } = sorted(await decodeAll(readFileSync(path)))
  const ours = new Map(events.map((event) => [event.record_id, event]))
  const differences: Record<string, number> = {}
  let compared = 0
  for (const node of exported(reader, path)) {
    const { data: theirData, ...theirSystem } = ofNode(node)
    const event = ours.get(theirSystem.record_id)
    if (event === undefined) continue
    compared += 1
    expect(event).toMatchObject(theirSystem)
    expect(Object.keys(event.data)).toEqual(Object.keys(theirData))
    for (const [name, text] of Object.entries(theirData)) {
      // XML turns CR LF into LF.
      const own: string = (event.data[name] ?? '').replaceAll('\r\n', '\n')
      if (own === text) continue
      const [reason] = explained.find(([, matches]) => matches(own, text)) ?? []
      if (reason === undefined) expect.fail(`record ${theirSystem.record_id ?? ''}, ${name}: ${own}; theirs: ${text}`)
      differences[reason] = (differences[reason] ?? 0) + 1
    }
  }
  return { compared, differences }
}

describe('files of our writer', () => {
  const withEvtxexport = it.skipIf(!isInstalled(evtxexport))
  const withEvtxDump = it.skipIf(!isInstalled(evtxDump))
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'roamwatch-evtx-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const compareWritten = async (reader: Reader, fragments: readonly Fragment[]) => {
    const path = join(folder, 'written.evtx')
    writeFileSync(path, writeEvtx(fragments.map((fragment, index) => ({ id: BigInt(index + 1), fragment }))).bytes)
    return compare(reader, path)
  }

  /** 500 records of several kinds, in more than one chunk. The two readers want bare elements in different dress. */
  const mixture = (hasDependencyIds: boolean) =>
    Array.from({ length: 500 }, (_, index) => {
      const id = BigInt(index + 1)
      if (index % 4 === 0) return windowsEvent(id, null)
      if (index % 4 === 1)
        return windowsEvent(id, classicEventData(['a', '', `c${index}`], value.binary(Buffer.of(index & 255))))
      const fields = { Error: value.uint32(3399811100), Text: value.string('é €') }
      if (index % 4 === 2) return windowsEvent(id, eventData('0a000001-0000-4000-8000-000000000000', fields))
      const root = element('Root', { xmlns: 'urn:x' }, [
        element('A', { Code: '1' }, ['v']),
        element('B', {}, [element('C', {}, ['deep'])]),
      ])
      return windowsEvent(id, bare(element('UserData', {}, [root]), hasDependencyIds))
    })

  withEvtxexport('of several chunks are the same to evtxexport', async () => {
    expect(await compareWritten(evtxexport, mixture(true))).toEqual({ compared: 500, differences: {} })
  })

  withEvtxDump('of several chunks are the same to evtx_dump', async () => {
    expect(await compareWritten(evtxDump, mixture(false))).toEqual({ compared: 500, differences: {} })
  })

  const everyType = () => {
    const fields: Record<string, Value> = {
      text: value.string('Token broker <&> failed'),
      ansi: value.ansiString(Buffer.from('ansi')),
      int8: value.int8(5),
      uint8: value.uint8(255),
      int16: value.int16(300),
      uint16: value.uint16(65535),
      int32: value.int32(70000),
      uint32: value.uint32(3399811100),
      int64: value.int64(1n << 40n),
      uint64: value.uint64((1n << 64n) - 1n),
      float: value.float(0.5),
      double: value.double(1.25),
      true: value.bool(true),
      false: value.bool(false),
      binary: value.binary(Buffer.of(0, 171, 255)),
      guid: value.guid('a732cd2e-376a-0002-3b37-3da76a37db01'),
      pointer: value.size64(1000n),
      filetime: value.filetime(133761565236949841n),
      systemtime: value.systemtime(2024, 11, 5, 15, 1, 2, 3, 4),
      sid: value.sid(5n, 21, 1000000001, 4294967295),
      hex32: value.hexInt32(0xcaa),
      hex64: value.hexInt64(0x3e7n),
    }
    return windowsEvent(1n, eventData('0a000002-0000-4000-8000-000000000000', fields))
  }

  withEvtxexport('with every value type are the same to evtxexport, but for four spellings', async () => {
    expect(await compareWritten(evtxexport, [everyType()])).toEqual({
      compared: 1,
      differences: {
        'a float with an exponent': 2,
        'a pointer in decimal': 1,
        'nine digits of a time': 1,
        'hex with zeros in front': 2,
      },
    })
  })

  withEvtxDump('with every value type are the same to evtx_dump, but for two spellings', async () => {
    expect(await compareWritten(evtxDump, [everyType()])).toEqual({
      compared: 1,
      differences: { 'a GUID in lower case': 1, 'seven digits of milliseconds': 1 },
    })
  })

  const optionalAndMixed = (...mixed: ContentNode[]) => {
    const root = element('EventData', {}, [
      element('Data', { Name: 'gone' }, [optional(0, VALUE.string)]),
      element('Data', { Name: 'many' }, [substitution(1, VALUE.uint32 | 0x80)]),
      element('Data', { Name: 'mixed' }, mixed),
    ])
    const values = [value.nothing, value.array(VALUE.uint32, [1, 2, 3].map(value.uint32))]
    return windowsEvent(1n, instance({ guid: '0a000003-0000-4000-8000-000000000000', root }, values))
  }

  withEvtxexport('with arrays, optional values and entities are the same to evtxexport', async () => {
    const record = optionalAndMixed('a', { kind: 'entity-ref', name: 'amp' })
    expect(await compareWritten(evtxexport, [record])).toEqual({ compared: 1, differences: {} })
  })

  const mixedOnly = (...mixed: ContentNode[]) =>
    windowsEvent(1n, bare(element('EventData', {}, [element('Data', { Name: 'mixed' }, mixed)]), false))

  withEvtxDump('with negative numbers, CDATA and references are the same to evtx_dump', async () => {
    const negative = {
      int8: value.int8(-1),
      int16: value.int16(-2),
      int32: value.int32(-3),
      int64: value.int64(-(1n << 62n)),
    }
    const record = mixedOnly(
      'a',
      { kind: 'cdata', text: '<b>' },
      { kind: 'char-ref', code: 65 },
      { kind: 'entity-ref', name: 'amp' },
    )
    const numbers = windowsEvent(2n, eventData('0a000004-0000-4000-8000-000000000000', negative))
    expect(await compareWritten(evtxDump, [record, numbers])).toEqual({ compared: 2, differences: {} })
  })
})

describe.skipIf(samples === undefined)('real files', () => {
  it.skipIf(!isInstalled(evtxexport)).each([
    ['security.evtx', 2261],
    ['Security_with_size_t.evtx', 636],
    ['Microsoft-Windows-HelloForBusiness%4Operational.evtx', 5],
    ['sample-with-zero-data-size-event.evtx', 335],
    ['sample_with_a_bad_chunk_magic.evtx', 267],
  ])('%s: all %i records that evtxexport reads', async (name, count) => {
    const { compared, differences } = await compare(evtxexport, join(samples ?? '', name))
    expect(compared).toBe(count)
    console.log(`${name}, evtxexport: ${JSON.stringify(differences)}`)
  })

  it.skipIf(!isInstalled(evtxDump)).each([
    ['security.evtx', 2261],
    ['Security_with_size_t.evtx', 636],
    ['Microsoft-Windows-HelloForBusiness%4Operational.evtx', 5],
    ['sample-with-zero-data-size-event.evtx', 449],
    ['sample_with_a_bad_chunk_magic.evtx', 300],
  ])('%s: all %i events that evtx_dump reads', async (name, count) => {
    const { compared, differences } = await compare(evtxDump, join(samples ?? '', name))
    expect(compared).toBe(count)
    console.log(`${name}, evtx_dump: ${JSON.stringify(differences)}`)
  })
})
