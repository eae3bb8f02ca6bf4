import { isValid, type Utf8Vector } from './vector.ts'

/** Each string's place in bytewise order: equal strings have equal ranks, null is 0. */
export interface Ranks {
  readonly ranks: Int32Array
  /** The highest rank: ranks run from 1 to `highest`, without gaps. */
  readonly highest: number
}

const known = new WeakMap<Utf8Vector, Ranks>()

/**
 * Ranks strings bytewise. Work is done once per vector: grouping and each group's sort ask again
 * for the same dictionary. Equal entries are found by hash first, so that a dictionary of 10,000
 * entries but 100 names sorts 100.
 */
export const rankStrings = (strings: Utf8Vector): Ranks => {
  let ranks = known.get(strings)
  if (ranks === undefined) {
    ranks = rank(strings)
    known.set(strings, ranks)
  }
  return ranks
}

const rank = (strings: Utf8Vector): Ranks => {
  const first = firstEquals(strings)
  const distinct = first
    .filter((entry, i) => entry === i)
    .sort((a, b) => compareStrings(strings, a, b))
  const ranks = new Int32Array(strings.length)
  let highest = 0
  for (let i = 0; i < distinct.length; i++) {
    const entry = distinct[i] as number
    if (i === 0 || compareStrings(strings, distinct[i - 1] as number, entry) !== 0) highest++
    ranks[entry] = highest
  }
  for (let i = 0; i < ranks.length; i++) {
    const entry = first[i] as number
    ranks[i] = entry < 0 ? 0 : (ranks[entry] as number)
  }
  return { ranks, highest }
}

/** How far a string is looked for. Beyond it counts as new, and sorting finds out: names made to
 * collide cost their sender nothing more than the sort. */
const maxProbes = 32

/** For each string the first one equal to it (found within `maxProbes`), -1 for null. */
const firstEquals = (strings: Utf8Vector): Int32Array => {
  const { length, validity } = strings
  const first = new Int32Array(length)
  const mask = 2 ** Math.ceil(Math.log2(2 * length + 1)) - 1
  const slots = new Int32Array(mask + 1) // entry + 1; 0 is free
  for (let i = 0; i < length; i++) {
    first[i] = i
    if (!isValid(validity, i)) {
      first[i] = -1
      continue
    }
    let slot = hash(strings, i) & mask
    for (let probe = 0; probe < maxProbes; probe++, slot = (slot + 1) & mask) {
      const entry = (slots[slot] as number) - 1
      if (entry < 0) {
        slots[slot] = i + 1
        break
      }
      if (equal(strings, entry, i)) {
        first[i] = entry
        break
      }
    }
  }
  return first
}

/** FNV-1a over the bytes, its high bits folded into the low ones. */
const hash = ({ offsets, data }: Utf8Vector, i: number): number => {
  const end = offsets[i + 1] as number
  let hash = 0x811c9dc5
  for (let k = offsets[i] as number; k < end; k++) {
    hash = Math.imul(hash ^ (data[k] as number), 0x01000193)
  }
  return hash ^ (hash >>> 15)
}

const equal = ({ offsets, data }: Utf8Vector, a: number, b: number): boolean => {
  let from = offsets[a] as number
  const end = offsets[a + 1] as number
  let other = offsets[b] as number
  if (end - from !== (offsets[b + 1] as number) - other) return false
  while (from < end) if (data[from++] !== data[other++]) return false
  return true
}

/** Bytewise: below 0 when string `a` comes first, above 0 when `b` does, 0 when they are equal. Neither may be null. */
export const compareStrings = ({ offsets, data }: Utf8Vector, a: number, b: number): number => {
  const fromA = offsets[a] as number
  const fromB = offsets[b] as number
  const lengthA = (offsets[a + 1] as number) - fromA
  const lengthB = (offsets[b + 1] as number) - fromB
  const shared = Math.min(lengthA, lengthB)
  for (let i = 0; i < shared; i++) {
    const difference = (data[fromA + i] as number) - (data[fromB + i] as number)
    if (difference !== 0) return difference
  }
  return lengthA - lengthB
}
