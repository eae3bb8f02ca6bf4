/**
 * The columns that a message's fields are decoded into, in Arrow's layout, one value a row. A row is written at
 * the index of the row that is open, then kept (`end`) or taken back (`truncate`). Fields may come in any order and
 * more than once; the last value wins.
 */
import { grown } from './grown.ts'
import { Text } from './text.ts'
import * as op from './types.ts'

/** What every column does for its rows. */
export interface Column {
  readonly op: op.Op
  /** Makes room for `rows` rows; values not written read as the field's default. */
  grow(rows: number): void
  /** Keeps the open row, which is number `row`. */
  end(row: number): void
  /** Forgets row number `row` and all after it, the open one (number `open`) too. */
  truncate(row: number, open: number): void
}

/** Which rows have a value, where proto3 tells: `optional` scalars, oneof members, messages. */
export class Presence {
  flags = new Uint8Array(0)

  grow(rows: number): void {
    this.flags = grown(this.flags, rows)
  }

  truncate(row: number, open: number): void {
    this.flags.fill(0, row, open + 1)
  }
}

/** A column of a oneof's member: a value takes the other members' away (protobuf encoding, "Last One Wins"). */
export interface Member extends Column {
  readonly presence: Presence
  /** The other members; empty for a field outside a oneof. */
  rivals: readonly Member[]
}

/** Marks a member's open row as present and takes its rivals' values away. */
export const claim = (member: Member, row: number): void => {
  member.presence.flags[row] = 1
  for (const rival of member.rivals) {
    if (rival.presence.flags[row] === 1) rival.truncate(row, row)
  }
}

/** 64-bit integers as halves, low half first. */
export class Int64Column implements Member {
  readonly op: typeof op.FIXED64 | typeof op.SFIXED64
  readonly presence = new Presence()
  readonly tracked: boolean
  rivals: readonly Member[] = []
  halves = new Int32Array(0)

  constructor(kind: Int64Column['op'], tracked: boolean) {
    this.op = kind
    this.tracked = tracked
  }

  grow(rows: number): void {
    this.halves = grown(this.halves, 2 * rows)
    if (this.tracked) this.presence.grow(rows)
  }

  end(): void {}

  truncate(row: number, open: number): void {
    this.halves.fill(0, 2 * row, 2 * open + 2)
    this.presence.truncate(row, open)
  }
}

/** 32-bit integers: signed, unsigned (read with `>>> 0`), enum numbers and booleans. */
export class Int32Column implements Column {
  readonly op:
    | typeof op.FIXED32
    | typeof op.UINT32
    | typeof op.SINT32
    | typeof op.ENUM
    | typeof op.BOOL
  /** An enum's names and their numbers, for JSON that spells them. */
  readonly names: Readonly<Record<string, number>>
  values = new Int32Array(0)

  constructor(kind: Int32Column['op'], names: Readonly<Record<string, number>> = {}) {
    this.op = kind
    this.names = names
  }

  grow(rows: number): void {
    this.values = grown(this.values, rows)
  }

  end(): void {}

  truncate(row: number, open: number): void {
    this.values.fill(0, row, open + 1)
  }
}

/** Doubles. */
export class Float64Column implements Member {
  readonly op = op.DOUBLE
  readonly presence = new Presence()
  readonly tracked: boolean
  rivals: readonly Member[] = []
  values = new Float64Array(0)

  constructor(tracked: boolean) {
    this.tracked = tracked
  }

  grow(rows: number): void {
    this.values = grown(this.values, rows)
    if (this.tracked) this.presence.grow(rows)
  }

  end(): void {}

  truncate(row: number, open: number): void {
    this.values.fill(0, row, open + 1)
    this.presence.truncate(row, open)
  }
}

/** Writes the open row's double; one outside a oneof or `optional` is not tracked. */
export const setDouble = (column: Float64Column, row: number, value: number): void => {
  column.values[row] = value
  if (column.tracked) claim(column, row)
}

/** Room for texts that turn out longer than those before them: what does not fit doubles all of it. */
const slack = 1 / 32

/** What the columns of text share: row `i` holds `text.data[offsets[i], offsets[i + 1])`. */
export abstract class TextColumn implements Column {
  abstract readonly op: op.Op
  readonly text = new Text()
  offsets = new Int32Array(1)

  /** Texts get the room that they will need when they go on as they began. */
  grow(rows: number): void {
    const before = this.offsets.length - 1
    this.offsets = grown(this.offsets, rows + 1)
    if (before > 0)
      this.text.expect(Math.ceil((((1 + slack) * this.text.pos) / before) * (rows - before)))
  }

  /** Begins the open row's text anew. */
  begin(row: number): Text {
    const { text } = this
    text.pos = this.offsets[row] as number
    return text
  }

  end(row: number): void {
    this.offsets[row + 1] = this.text.pos
  }

  truncate(row: number, _open: number): void {
    this.text.pos = this.offsets[row] as number
  }
}

/** Strings. */
export class StringColumn extends TextColumn {
  readonly op = op.STRING
}

/** Ids of a fixed number of bytes, or of none, as lower-case hex. */
export class IdColumn extends TextColumn {
  readonly op = op.ID
  /** 16 for trace ids, 8 for span ids. */
  readonly size: number

  constructor(size: number) {
    super()
    this.size = size
  }
}

/** The lists of key and value as JSON objects: the open row's text lacks its closing brace. */
export class AttributesColumn extends TextColumn {
  readonly op = op.ATTRIBUTES
  readonly captures: readonly Capture[]

  constructor(captures: readonly string[]) {
    super()
    this.captures = captures.map((key) => new Capture(key))
  }

  override grow(rows: number): void {
    super.grow(rows)
    for (const capture of this.captures) capture.grow(rows)
  }

  /** Opens the object, or goes on behind the last pair. */
  beginPair(row: number): Text {
    const { text } = this
    text.byte(text.pos === this.offsets[row] ? 0x7b : 0x2c)
    return text
  }

  override end(row: number): void {
    const { text } = this
    if (text.pos === this.offsets[row]) text.byte(0x7b)
    text.byte(0x7d)
    this.offsets[row + 1] = text.pos
    for (const capture of this.captures) capture.end(row)
  }

  override truncate(row: number, open: number): void {
    super.truncate(row, open)
    for (const capture of this.captures) capture.truncate(row, open)
  }
}

/** The value of one attribute as a column of its own: a string as it is, any other value as JSON text. */
export class Capture extends StringColumn {
  /** The key as it stands in JSON text, quotes included. */
  readonly key: Uint8Array
  readonly presence = new Presence()

  constructor(key: string) {
    super()
    this.key = new TextEncoder().encode(`"${key}"`)
  }

  override grow(rows: number): void {
    super.grow(rows)
    this.presence.grow(rows)
  }

  override truncate(row: number, open: number): void {
    super.truncate(row, open)
    this.presence.truncate(row, open)
  }
}

/** AnyValues: a string as it is, any other value as JSON text, and which value it was. */
export class AnyValueColumn extends TextColumn {
  readonly op = op.ANY_VALUE
  /** For each row one of `valueTypes`' indices; 0 where there is no value. */
  types = new Uint8Array(0)
  /** For each row in how many pieces its value came. */
  pieces = new Uint8Array(0)

  override grow(rows: number): void {
    super.grow(rows)
    this.types = grown(this.types, rows)
    this.pieces = grown(this.pieces, rows)
  }

  override truncate(row: number, open: number): void {
    super.truncate(row, open)
    this.types.fill(0, row, open + 1)
    this.pieces.fill(0, row, open + 1)
  }
}
