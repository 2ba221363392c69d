import { expect, it } from 'vitest'
import { addDataField } from '../../../../../collectors/formats/data-fields.ts'

it('names the nameless by position, numbers the repeated, and never touches the prototype', () => {
  const data: Record<string, string> = {}
  addDataField(data, undefined, 1, 'a')
  addDataField(data, '', 2, 'b')
  addDataField(data, 'x', 3, 'c')
  addDataField(data, 'x', 4, 'd')
  addDataField(data, '__proto__', 5, 'e')
  addDataField(data, '__proto__', 6, 'f')
  expect(Object.entries(data)).toEqual([
    ['param1', 'a'],
    ['param2', 'b'],
    ['x', 'c'],
    ['x#2', 'd'],
    ['__proto__', 'e'],
    ['__proto__#2', 'f'],
  ])
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype)
})

it('numbers the repeated without a gap, however many there are', () => {
  const data: Record<string, string> = {}
  for (let field = 1; field <= 1000; field += 1) addDataField(data, 'x', field, String(field))
  expect(Object.keys(data)).toHaveLength(1000)
  for (let field = 2; field <= 1000; field += 1) expect(data[`x#${field}`]).toBe(String(field))
})
