import { describe, expect, it } from 'vitest'
import { createLazyMap } from '../../../../schemas/catalog/lazy-map.ts'

function mapOf(...names: string[]) {
  const made: string[] = []
  const map = createLazyMap(new Map(names.map((name) => [name, name])), (name) => {
    made.push(name)
    return { name }
  })
  return { map, made }
}

describe('createLazyMap', () => {
  it('makes a value when it is first asked for, once', () => {
    const { map, made } = mapOf('a', 'b')
    expect([map.size, map.has('a'), map.has('c'), [...map.keys()]]).toEqual([2, true, false, ['a', 'b']])
    expect(made).toEqual([])
    expect(map.get('b')).toBe(map.get('b'))
    expect(made).toEqual(['b'])
    expect(map.get('c')).toBeUndefined()
  })

  it('behaves like a Map when it is walked through', () => {
    const { map } = mapOf('b', 'a')
    const plain = new Map([
      ['b', { name: 'b' }],
      ['a', { name: 'a' }],
    ])
    expect(new Map(map)).toEqual(plain)
    expect([...map.values()]).toEqual([...plain.values()])
    expect([...map.entries()]).toEqual([...plain.entries()])
    const seen: [string, { name: string }][] = []
    map.forEach((value, key, whole) => {
      expect(whole).toBe(map)
      seen.push([key, value])
    })
    expect(seen).toEqual([...plain])
  })
})
