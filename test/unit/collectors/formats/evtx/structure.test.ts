import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { VALUE } from '../../../../../collectors/formats/evtx/layout.ts'
import { WindowsEvent } from '../../../../../schemas/windows-event.ts'
import { writeEvtx } from '../../../../support/evtx-writer/evtx-writer.ts'
import {
  bare,
  type ContentNode,
  element,
  type Fragment,
  instance,
  optional,
  substitution,
  type Value as EvtxValue,
} from '../../../../support/evtx-writer/nodes.ts'
import { decodeAll, readBack, RECEIVED_AT, sorted } from '../../../../support/evtx-writer/read-back.ts'
import * as value from '../../../../support/evtx-writer/values.ts'
import {
  classicEventData,
  eventData,
  SYSTEM,
  systemValues,
  windowsEvent,
} from '../../../../support/evtx-writer/windows-templates.ts'

let lastTemplate = 0
/** A template of its own with this root, and its values. */
function fresh(root: ReturnType<typeof element>, values: readonly EvtxValue[] = []): Fragment {
  lastTemplate += 1
  return instance({ guid: `${lastTemplate.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`, root }, values)
}

async function dataOf(content: Fragment): Promise<Record<string, string> | undefined> {
  const { events, rejects, damage } = await readBack(windowsEvent(1n, content))
  expect({ rejects, damage }).toEqual({ rejects: [], damage: [] })
  return events[0]?.data
}

const data = (content: readonly ContentNode[], name?: string) =>
  element('Data', name === undefined ? {} : { Name: name }, content)

describe('an event', () => {
  it('has every System field, exact to the last digit, and is a valid WindowsEvent', async () => {
    const { events } = await readBack(
      windowsEvent(
        18446744073709551615n,
        eventData('a0000001-0000-4000-8000-000000000000', { Error: value.uint32(3399811100) }),
      ),
    )
    expect(events).toEqual([
      {
        computer: 'device-01.contoso.example',
        channel: 'Microsoft-Windows-AAD/Operational',
        provider: 'Microsoft-Windows-AAD',
        event_id: 1098,
        version: 0,
        level: 4,
        task: 101,
        opcode: 0,
        keywords: '0x4000000000000012',
        record_id: '18446744073709551615',
        occurred_at: '2024-11-15T15:02:03.6949840Z',
        collected_at: RECEIVED_AT,
        user_sid: 'S-1-5-21-1000000001-2000000001-3000000001-1001',
        user: null,
        process_id: 4744,
        thread_id: 15020,
        activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
        message: null,
        data: { Error: '3399811100' },
        shipper: 'evtx',
      },
    ])
    expect(Value.Check(WindowsEvent, events[0])).toBe(true)
  })

  it('has null where the record has nothing, never a guess', async () => {
    const { nothing } = value
    const { events } = await readBack(
      windowsEvent(1n, null, {
        activity_id: nothing,
        user_sid: nothing,
        provider: nothing,
        channel: nothing,
        record_id: nothing,
        keywords: nothing,
      }),
    )
    expect(events[0]).toMatchObject({
      activity_id: null,
      user_sid: null,
      provider: null,
      channel: null,
      record_id: null,
      keywords: null,
      data: {},
    })
  })

  it('takes numbers that stand in the template as text, in any spelling', async () => {
    const system = element('System', {}, [
      element('Provider', { Name: 'EventLog' }),
      element('EventID', { Qualifiers: '32768' }, ['6013']),
      element('Level', {}, ['0x4']),
      element('Keywords', {}, ['0x80000000000000']),
      element('TimeCreated', { SystemTime: '2024-11-15T15:02:03.6949840Z' }),
      element('EventRecordID', {}, ['77']),
      element('Correlation', { ActivityID: '{A732CD2E-376A-0002-3B37-3DA76A37DB01}' }),
      element('Computer', {}, ['PC']),
    ])
    const { events } = await readBack(bare(element('Event', {}, [system])))
    expect(events[0]).toMatchObject({
      event_id: 6013,
      level: 4,
      keywords: '0x0080000000000000',
      record_id: '77',
      activity_id: 'a732cd2e-376a-0002-3b37-3da76a37db01',
    })
  })

  it('takes its message from RenderingInfo, where a forwarded event has one', async () => {
    const rendering = element('RenderingInfo', { Culture: 'de-DE' }, [
      element('Message', {}, [substitution(14, VALUE.string)]),
      element('Level', {}, ['Fehler']),
    ])
    const root = element('Event', {}, [SYSTEM, rendering])
    const values = [...systemValues(1n), value.string('Vorgang fehlgeschlagen.')]
    const { events } = await readBack(fresh(root, values))
    expect(events[0]?.message).toBe('Vorgang fehlgeschlagen.')
  })
})

describe('EventData', () => {
  it('names the nameless by their place among Data, and Binary by its own name', async () => {
    expect(await dataOf(classicEventData(['a', '', 'c'], value.binary(Buffer.from('xyz'))))).toEqual({
      param1: 'a',
      param2: '',
      param3: 'c',
      Binary: '78797A',
    })
    const root = element('EventData', {}, [
      data(['n'], 'Named'),
      data([substitution(0, VALUE.uint32)]),
      element('Binary', {}, ['00']),
      data(['last']),
    ])
    expect(await dataOf(fresh(root, [value.uint32(5)]))).toEqual({
      Named: 'n',
      param2: '5',
      Binary: '00',
      param3: 'last',
    })
  })

  it('counts on after an array, whose items are elements of their own', async () => {
    const root = element('EventData', {}, [data([substitution(0, VALUE.string | 0x80)]), data(['z'])])
    expect(await dataOf(fresh(root, [value.array(VALUE.string, ['a', 'b'].map(value.string))]))).toEqual({
      param1: 'a',
      param2: 'b',
      param3: 'z',
    })
  })

  it('numbers repeated names and keeps names that JavaScript has a meaning for', async () => {
    const names = ['x', 'x', '__proto__', 'constructor', 'x', 'toString', '__proto__', 'x#2']
    const root = element(
      'EventData',
      {},
      names.map((name, index) => data([substitution(index, VALUE.uint32)], name)),
    )
    const read = await dataOf(
      fresh(
        root,
        names.map((_, index) => value.uint32(index)),
      ),
    )
    expect(Object.entries(read ?? {})).toEqual([
      ['x', '0'],
      ['x#2', '1'],
      ['__proto__', '2'],
      ['constructor', '3'],
      ['x#3', '4'],
      ['toString', '5'],
      ['__proto__#2', '6'],
      ['x#2#2', '7'],
    ])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it('leaves out an element whose optional value is null, and keeps one whose value is merely empty', async () => {
    const root = element('EventData', {}, [
      data([optional(0, VALUE.string)], 'gone'),
      data([substitution(0, VALUE.string)], 'empty'),
      data([optional(1, VALUE.string)], 'blank'),
    ])
    expect(await dataOf(fresh(root, [value.nothing, value.string('')]))).toEqual({ empty: '', blank: '' })
  })

  it('gives the second of one name the plain name when the first is left out', async () => {
    const root = element('EventData', {}, [
      data([optional(0, VALUE.string)], 'x'),
      data([substitution(1, VALUE.uint8)], 'x'),
    ])
    expect(await dataOf(fresh(root, [value.nothing, value.uint8(7)]))).toEqual({ x: '7' })
  })

  it('joins text, CDATA, references and values; a processing instruction is no text', async () => {
    const content: ContentNode[] = [
      'a',
      { kind: 'cdata', text: '<b>' },
      { kind: 'char-ref', code: 0x20ac },
      { kind: 'entity-ref', name: 'amp' },
      { kind: 'entity-ref', name: 'lt' },
      { kind: 'entity-ref', name: 'own' },
      { kind: 'processing-instruction', target: 'pi', text: 'unseen' },
      substitution(0, VALUE.hexInt32),
    ]
    expect(await dataOf(fresh(element('EventData', {}, [data(content, 'x')]), [value.hexInt32(255)]))).toEqual({
      x: 'a<b>€&<&own;0xff',
    })
  })

  it('takes names and attributes that are values', async () => {
    const root = element('EventData', {}, [
      element('Data', { Name: substitution(0, VALUE.string), Kind: substitution(1, VALUE.uint8) }, ['v']),
    ])
    expect(await dataOf(fresh(root, [value.string('given'), value.uint8(3)]))).toEqual({
      given: 'v',
      'given@Kind': '3',
    })
  })

  it('reads a substitution beyond the last value as null', async () => {
    expect(await dataOf(fresh(element('EventData', {}, [data([substitution(9, VALUE.string)], 'x')])))).toEqual({
      x: '',
    })
  })

  it('reads BinXML in a field as fields below it, and as EvtXml alike', async () => {
    const inner = fresh(
      element('Inner', {}, [element('A', {}, [substitution(0, VALUE.uint8)]), element('B', {}, ['b'])]),
      [value.uint8(1)],
    )
    const root = element('EventData', {}, [data([substitution(0, VALUE.binXml)], 'x')])
    expect(await dataOf(fresh(root, [value.binXml(inner)]))).toEqual({ 'x.Inner.A': '1', 'x.Inner.B': 'b' })
    expect(await dataOf(fresh(root, [value.evtXmlFragment(inner)]))).toEqual({ 'x.Inner.A': '1', 'x.Inner.B': 'b' })
  })
})

describe('UserData', () => {
  const root = (...content: ContentNode[]) => element('UserData', {}, [element('Outer', { xmlns: 'urn:x' }, content)])

  it('has the leaves under its one root as fields, with the path as name', async () => {
    const tree = root(
      element('A', {}, [substitution(0, VALUE.uint32)]),
      element('B', {}, [element('C', {}, ['deep']), element('D')]),
      element('A', {}, ['2']),
    )
    expect(await dataOf(fresh(tree, [value.uint32(1)]))).toEqual({ A: '1', 'B.C': 'deep', 'B.D': '', 'A#2': '2' })
  })

  it('keeps attributes: Windows writes codes into them', async () => {
    expect(
      await dataOf(fresh(root(element('Error', { Code: substitution(0, VALUE.uint32) })), [value.uint32(15007)])),
    ).toEqual({ Error: '', 'Error@Code': '15007' })
  })

  it('finds the same fields when parts of it are BinXML values', async () => {
    const leaf = fresh(element('A', {}, [substitution(0, VALUE.uint32)]), [value.uint32(1)])
    const outer = fresh(element('Outer', {}, [substitution(0, VALUE.binXml), element('B', {}, ['b'])]), [
      value.binXml(leaf),
    ])
    expect(
      await dataOf(fresh(element('UserData', {}, [substitution(0, VALUE.binXml)]), [value.binXml(outer)])),
    ).toEqual({ A: '1', B: 'b' })
  })
})

it.each([true, false])('bare elements are read with dependency ids and without (%s)', async (hasDependencyIds) => {
  const tree = element('UserData', {}, [element('Root', { xmlns: 'urn:x' }, [element('A', { Code: '1' }, ['v'])])])
  expect(await dataOf(bare(tree, hasDependencyIds))).toEqual({ A: 'v', 'A@Code': '1' })
})

it('ProcessingErrorData and BinaryEventData, which stand in the place of EventData, are data', async () => {
  const error = element('ProcessingErrorData', {}, [
    element('ErrorCode', {}, ['15']),
    element('DataItemName', {}, ['x']),
  ])
  expect(await dataOf(bare(error))).toEqual({ ErrorCode: '15', DataItemName: 'x' })
  expect(
    await dataOf(
      fresh(element('BinaryEventData', {}, [substitution(0, VALUE.binary)]), [value.binary(Buffer.of(1, 2))]),
    ),
  ).toEqual({ BinaryEventData: '0102' })
})

describe('a template that comes again in another chunk', () => {
  const guid = 'b0000001-0000-4000-8000-000000000000'
  /** One record a chunk, all under one template id. */
  const dataOfEach = async (...contents: readonly Fragment[]) => {
    const records = contents.map((content, index) => ({ id: BigInt(index + 1), fragment: windowsEvent(1n, content) }))
    const { events, damage } = sorted(await decodeAll(writeEvtx(records, 1).bytes))
    expect(damage).toEqual([])
    return events.map((event) => event.data)
  }

  it('is compiled again where its id means something else, never mixed up', async () => {
    const names = ['first', 'second', 'third', 'first', 'fifth', 'First']
    const contents = names.map((name) => eventData(guid, { [name]: value.uint8(1) }))
    expect(await dataOfEach(...contents)).toEqual(names.map((name) => ({ [name]: '1' })))
  })

  it('is told from one that differs in a constant, in the order or in what is optional', async () => {
    const variants = [
      [data(['a'], 'x'), data([substitution(0, VALUE.uint8)], 'y')],
      [data(['b'], 'x'), data([substitution(0, VALUE.uint8)], 'y')],
      [data([substitution(0, VALUE.uint8)], 'y'), data(['a'], 'x')],
      [data(['a'], 'x'), data([optional(1, VALUE.uint8)], 'y')],
    ].map((fields) => instance({ guid, root: element('EventData', {}, fields) }, [value.uint8(7), value.nothing]))
    expect(await dataOfEach(...variants, ...variants)).toEqual([
      { x: 'a', y: '7' },
      { x: 'b', y: '7' },
      { y: '7', x: 'a' },
      { x: 'a' },
      { x: 'a', y: '7' },
      { x: 'b', y: '7' },
      { y: '7', x: 'a' },
      { x: 'a' },
    ])
  })

  it('is the same wherever its names stand in the string table', async () => {
    const other = eventData('b0000002-0000-4000-8000-000000000000', { second: value.uint8(1), first: value.uint8(2) })
    const mine = eventData(guid, { first: value.uint8(3), second: value.uint8(4) })
    const inOrder = [other, mine, mine, other, mine].map((content, index) => ({
      id: BigInt(index + 1),
      fragment: windowsEvent(BigInt(index + 1), content),
    }))
    const { events } = sorted(await decodeAll(writeEvtx(inOrder, 2).bytes))
    expect(events.map((event) => JSON.stringify(event.data))).toEqual([
      '{"second":"1","first":"2"}',
      '{"first":"3","second":"4"}',
      '{"first":"3","second":"4"}',
      '{"second":"1","first":"2"}',
      '{"first":"3","second":"4"}',
    ])
  })
})

it.each([1, 7, 512, 4095, 4096, 65536, 65537, 1000000])(
  'reads the same from pieces of %i bytes',
  async (pieceBytes) => {
    const records = Array.from({ length: 40 }, (_, index) => ({
      id: BigInt(index + 1),
      fragment: windowsEvent(
        BigInt(index + 1),
        eventData('c0000001-0000-4000-8000-000000000000', { n: value.uint32(index) }),
      ),
    }))
    const { bytes, records: written } = writeEvtx(records, 15)
    const decoded = await decodeAll(bytes, pieceBytes)
    expect(decoded.map((item) => item.offset)).toEqual(written.map((record) => record.offset))
    expect(sorted(decoded).events.map((event) => event.data.n)).toEqual(records.map((_, index) => String(index)))
    const first = decoded[0]
    expect(
      first?.kind === 'event' &&
        Buffer.from(first.bytes()).equals(bytes.subarray(first.offset, first.offset + (written[0]?.size ?? 0))),
    ).toBe(true)
  },
)
