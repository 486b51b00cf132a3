import { describe, expect, test } from 'vitest'
import { readYaml } from './yaml-lines.ts'

const text = `# a comment comes first

name: mine
nothing:
folded: >
  more
far:
  away
list:
  - { one: 1, two: [2, 3] }
  - &anchor
    one: 1
    3: three
  - *anchor
copy: *anchor
`

describe('a place', () => {
  test.each<[string, (string | number)[], string]>([
    ['of the whole', [], '3:1'],
    ['of a value', ['name'], '3:7'],
    ['of a value that is not there', ['nothing'], '4:9'],
    ['of a value over lines', ['folded'], '5:9'],
    ['of a value on the line below its key', ['far'], '8:3'],
    ['of a list is its key’s', ['list'], '9:1'],
    ['of a map in a list', ['list', 0], '10:5'],
    ['of a value in a flow map', ['list', 0, 'one'], '10:12'],
    ['of a list in a flow map is its key’s', ['list', 0, 'two'], '10:15'],
    ['of an entry of a flow list', ['list', 0, 'two', 1], '10:24'],
    ['of a value in a block map', ['list', 1, 'one'], '12:10'],
    ['of a key that is a number', ['list', 1, '3'], '13:8'],
    ['of an alias', ['copy'], '15:7'],
    ['of an alias in a list', ['list', 2], '14:5'],
    ['of what an alias stands for', ['list', 2, 'one'], '12:10'],
    ['of a missing key is the map’s', ['list', 0, 'three'], '10:5'],
    ['of a missing key of the whole is the first line’s', ['absent'], '3:1'],
    ['of a missing entry is the list’s', ['list', 7], '9:1'],
    ['below a missing key is the map’s', ['list', 0, 'three', 'one'], '10:5'],
    ['below a value is the value’s', ['name', 'more'], '3:7'],
  ])('%s', (_, path, expected) => {
    const { line, column } = readYaml(text).placeOf(path)
    expect(`${line}:${column}`).toBe(expected)
  })

  test('of a key', () => {
    const { placeOf } = readYaml(text)
    expect(placeOf(['name'], 'key')).toEqual({ line: 3, column: 1 })
    expect(placeOf(['far'], 'key')).toEqual({ line: 7, column: 1 })
    expect(placeOf(['list', 1, 'one'], 'key')).toEqual({ line: 12, column: 5 })
  })

  test.each([[''], ['# a comment alone\n'], ['- 1\n']])('in %j, which has no keys, is the start', (empty) => {
    expect(readYaml(empty).placeOf(['name'])).toEqual({ line: 1, column: 1 })
  })

  test('in a text with Windows line ends', () => {
    expect(readYaml('one: 1\r\ntwo: 2\r\n').placeOf(['two'])).toEqual({ line: 2, column: 6 })
  })
})

test('the value of a text is read, and off is a word', () => {
  expect(readYaml('modes: [strict, off]\nlike: &it { a: 1 }\ntoo: *it\n')).toMatchObject({
    value: { modes: ['strict', 'off'], like: { a: 1 }, too: { a: 1 } },
    errors: [],
  })
})

test.each([
  ['an open quote', 'name: mine\ntitle: "mine\n', '3:1 Missing closing "quote'],
  [
    'an open bracket',
    'name: mine\nlist: [1\nmore: 2\n',
    '3:1 Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a tab', 'list:\n\t- 1\n', '2:1 Tabs are not allowed as indentation'],
  ['a key twice', 'name: mine\ntitle: mine\nname: yours\n', '3:1 Map keys must be unique'],
  ['two documents', 'name: mine\n---\nname: yours\n', '2:1 a second document starts here: one file holds one'],
  [
    'an alias of nothing',
    'one: &one 1\ntwo: *one\nthree: *two\n',
    '3:8 Unresolved alias (the anchor must be set before the alias): two',
  ],
])('%s is an error on its line', (_, broken, expected) => {
  expect(readYaml(broken).errors.map(({ place: { line, column }, message }) => `${line}:${column} ${message}`)).toEqual(
    [expected],
  )
})

test('aliases that multiply without end are an error', () => {
  const bomb = Array.from(
    { length: 8 },
    (_, depth) =>
      `a${depth}: &a${depth} [${Array(9)
        .fill(depth === 0 ? 'x' : `*a${depth - 1}`)
        .join(', ')}]\n`,
  ).join('')
  expect(readYaml(bomb).errors).toEqual([{ place: { line: 1, column: 1 }, message: expect.stringContaining('alias') }])
})
