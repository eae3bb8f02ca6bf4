// Protects: files and functions small enough to be read, exported functions that say what they do,
// and types that mean something.

import { describe, expect, test } from 'vitest'
import type { Source } from './source.ts'
import { readSource } from './source.ts'
import { listFiles, readProgram, readText } from './tree.ts'

const program = readProgram()
const functions = program.flatMap(({ path, functions }) =>
  functions.map((one) => ({ path, ...one })),
)

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0

test('a file has at most 350 lines, half of them at most 120', () => {
  expect(
    program.filter(({ lines }) => lines > 350).map(({ path, lines }) => [path, lines]),
  ).toEqual([])
  expect(median(program.map(({ lines }) => lines))).toBeLessThanOrEqual(120)
})

test('a function has at most 70 lines, half of them at most 12', () => {
  const long = functions.filter(({ lines }) => lines > 70)
  expect(long.map(({ path, name, lines }) => `${path}: ${name} ${lines}`)).toEqual([])
  expect(median(functions.map(({ lines }) => lines))).toBeLessThanOrEqual(12)
})

test('every exported function says what it does', () => {
  const silent = functions.filter(({ exported, documented }) => exported && !documented)
  expect(silent.map(({ path, name }) => `${path}: ${name}`)).toEqual([])
})

test('no default export but the one that Workers ask for', () => {
  const allowed = ['runtimes/cloudflare.ts']
  const found = program.filter(
    ({ path, defaultExport }) => defaultExport && !allowed.includes(path),
  )
  expect(found.map(({ path }) => path)).toEqual([])
})

test('no any, no type check switched off', () => {
  const silenced = ({ comments }: Source) =>
    comments.some((text) => /@ts-|biome-ignore-all/.test(text))
  expect(
    program.filter(({ anys }) => anys.length > 0).map(({ path, anys }) => [path, anys]),
  ).toEqual([])
  expect(program.filter(silenced).map(({ path }) => path)).toEqual([])
})

test('a test file opens with what it protects, and skips nothing', () => {
  const tests = listFiles('test').filter((path) => path.endsWith('.test.ts'))
  const mute = tests.filter((path) => !/^(\/\/|\/\*\*)/.test(readText(path)))
  const skipping = tests.filter((path) =>
    /\b(test|it|describe)\.(skip|only|todo)\b/.test(readText(path)),
  )
  expect({ mute, skipping }).toEqual({ mute: [], skipping: [] })
})

describe('the reader', () => {
  const text = `/** One. */
export const one = (x: any) =>
  x

export const two = async () => {}
/** Apart. */

const three = 3
export function four() {
  return three
}
/** Listed. */
const five = () => {}
export { five }
export default class Six {
  seven() {}
  eight = { nine: () => {} }
}
/** Typed. */
export const ten: () => void = function () {}
// @ts-ignore
`
  const source = readSource('src/a.ts', text)

  test.each([
    ['one', 2, true, true],
    ['two', 1, true, false],
    ['four', 3, true, false],
    ['five', 1, true, true],
    ['seven', 1, false, false],
    ['nine', 1, false, false],
    ['ten', 1, true, true],
  ])('finds %s', (name, lines, exported, documented) => {
    const found = source.functions.find((one) => one.name === name)
    expect(found).toMatchObject({ name, lines, exported, documented })
  })

  test('finds nothing else', () => {
    expect(source.functions).toHaveLength(7)
    expect(source).toMatchObject({ lines: 21, anys: [2], defaultExport: true })
    expect(source.comments.at(-1)).toBe(' @ts-ignore')
  })

  test('says which file it cannot read', () => {
    expect(() => readSource('src/b.ts', 'const =')).toThrow('src/b.ts')
  })
})
