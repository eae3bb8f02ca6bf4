/** Columns of lists: repeated numbers, repeated strings. */
import { type Column, StringColumn } from './columns.ts'
import { grown } from './grown.ts'
import { maxListValues, tooMany } from './tally.ts'
import type { Text } from './text.ts'
import * as op from './types.ts'

/** What the lists share: row `i` holds values `offsets[i]` to `offsets[i + 1]`. */
abstract class ListColumn {
  offsets = new Int32Array(1)
  /** Values so far, those of the open row too. */
  count = 0

  grow(rows: number): void {
    this.offsets = grown(this.offsets, rows + 1)
  }

  end(row: number): void {
    this.offsets[row + 1] = this.count
  }

  truncate(row: number, _open: number): void {
    this.count = this.offsets[row] as number
  }
}

/** For how many values to make room when `needed` of them come and there is room for `room`. */
const roomFor = (needed: number, room: number): number => {
  if (needed > maxListValues) throw tooMany(maxListValues, 'values in lists of one request')
  return Math.min(Math.max(needed, 2 * room), maxListValues)
}

/** Repeated 64-bit integers as halves, low half first. */
export class Int64sColumn extends ListColumn implements Column {
  readonly op: typeof op.FIXED64S | typeof op.UINT64S
  halves = new Int32Array(0)

  constructor(kind: Int64sColumn['op']) {
    super()
    this.op = kind
  }

  /** Makes room for `more` values. */
  reserve(more: number): void {
    const needed = this.count + more
    const room = this.halves.length / 2
    if (needed > room) this.halves = grown(this.halves, 2 * roomFor(needed, room))
  }

  /** Appends a value to the open row. */
  push(low: number, high: number): void {
    this.reserve(1)
    this.halves[2 * this.count] = low
    this.halves[2 * this.count++ + 1] = high
  }
}

/** Repeated doubles. */
export class Float64sColumn extends ListColumn implements Column {
  readonly op = op.DOUBLES
  values = new Float64Array(0)

  /** Makes room for `more` values. */
  reserve(more: number): void {
    const needed = this.count + more
    const room = this.values.length
    if (needed > room) this.values = grown(this.values, roomFor(needed, room))
  }

  /** Appends a value to the open row. */
  push(value: number): void {
    this.reserve(1)
    this.values[this.count++] = value
  }
}

/** Repeated strings. */
export class StringsColumn extends ListColumn implements Column {
  readonly op = op.STRINGS
  readonly strings = new StringColumn()

  /** Opens the next string of the open row: write its text, then call `push`. */
  open(): Text {
    const needed = this.count + 1
    const room = this.strings.offsets.length - 1
    if (needed > room) this.strings.grow(roomFor(needed, room))
    return this.strings.begin(this.count)
  }

  push(): void {
    this.strings.end(this.count++)
  }

  override truncate(row: number, open: number): void {
    super.truncate(row, open)
    this.strings.begin(this.count)
  }
}
