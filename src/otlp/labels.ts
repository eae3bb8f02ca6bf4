/** Strings that repeat. */
import { type Column, StringColumn } from './columns.ts'
import { grown } from './grown.ts'
import * as op from './types.ts'

/** Strings that repeat, as a dictionary whose first entry is the empty string. */
export class LabelColumn implements Column {
  readonly op = op.LABEL
  indices = new Int32Array(0)
  readonly entries = new StringColumn()
  count = 0
  #slots = new Int32Array(64)

  constructor() {
    this.entries.grow(64)
    this.entries.end(this.count++)
  }

  grow(rows: number): void {
    this.indices = grown(this.indices, rows)
  }

  end(): void {}

  truncate(row: number, open: number): void {
    this.indices.fill(0, row, open + 1)
  }

  /** Writes the well-formed UTF-8 text `b[s, e)` into the open row. */
  write(row: number, b: Uint8Array, s: number, e: number): void {
    if (s === e) this.indices[row] = 0
    else {
      const last = row === 0 ? 0 : (this.indices[row - 1] as number)
      this.indices[row] = this.#equals(last, b, s, e) ? last : this.#lookup(b, s, e)
    }
  }

  #lookup(b: Uint8Array, s: number, e: number): number {
    const mask = this.#slots.length - 1
    let slot = hash(b, s, e) & mask
    for (let probe = 0; probe < maxProbes; probe++, slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] as number
      if (entry === 0) return this.#add(b, s, e, slot)
      if (this.#equals(entry, b, s, e)) return entry
    }
    return this.#add(b, s, e, -1)
  }

  #equals(entry: number, b: Uint8Array, s: number, e: number): boolean {
    const { offsets } = this.entries
    const { data } = this.entries.text
    let at = offsets[entry] as number
    if ((offsets[entry + 1] as number) - at !== e - s) return false
    while (s < e) if (data[at++] !== b[s++]) return false
    return true
  }

  #add(b: Uint8Array, s: number, e: number, slot: number): number {
    const entry = this.count++
    if (entry + 1 >= this.entries.offsets.length) this.entries.grow(2 * entry)
    this.entries.text.bytes(b, s, e)
    this.entries.end(entry)
    if (slot >= 0) this.#slots[slot] = entry
    if (2 * this.count > this.#slots.length) this.#rehash()
    return entry
  }

  #rehash(): void {
    const slots = new Int32Array(4 * this.#slots.length)
    const mask = slots.length - 1
    const { offsets } = this.entries
    const { data } = this.entries.text
    for (let entry = 1; entry < this.count; entry++) {
      let slot = hash(data, offsets[entry] as number, offsets[entry + 1] as number) & mask
      for (let probe = 1; probe < maxProbes && slots[slot] !== 0; probe++) slot = (slot + 1) & mask
      if (slots[slot] === 0) slots[slot] = entry
    }
    this.#slots = slots
  }
}

/** Texts made to collide get entries of their own instead of a long search: entries may repeat. */
const maxProbes = 16

/** FNV-1a over the first bytes and the last: labels differ early or late, and long ones must not cost more. */
const hash = (b: Uint8Array, s: number, e: number): number => {
  let h = 0x811c9dc5 ^ (e - s)
  for (let i = s, stop = Math.min(e, s + 32); i < stop; i++)
    h = Math.imul(h ^ (b[i] as number), 0x01000193)
  for (let i = Math.max(s + 32, e - 16); i < e; i++) h = Math.imul(h ^ (b[i] as number), 0x01000193)
  return (h ^ (h >>> 15)) >>> 1
}
