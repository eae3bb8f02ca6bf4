/** A message's rows: a column for each field. Behind the rows that are kept lies the open one. */
import {
  type AnyValueColumn,
  type AttributesColumn,
  type Column,
  type Float64Column,
  type IdColumn,
  type Int32Column,
  type Int64Column,
  type Member,
  Presence,
  type StringColumn,
} from './columns.ts'
import { grown } from './grown.ts'
import type { LabelColumn } from './labels.ts'
import type { Float64sColumn, Int64sColumn, StringsColumn } from './lists.ts'
import type { Fields, Message } from './message.ts'
import type { Tally } from './tally.ts'
import * as op from './types.ts'

/** Every class of column; `op` tells them apart. */
export type AnyColumn =
  | Int64Column
  | Int32Column
  | Float64Column
  | StringColumn
  | IdColumn
  | AttributesColumn
  | AnyValueColumn
  | LabelColumn
  | Int64sColumn
  | Float64sColumn
  | StringsColumn
  | MessageColumn
  | MessagesColumn

/** The columns of a message's fields, by field name. */
export type ColumnsOf<F extends Fields> = {
  readonly [Name in keyof F]: ReturnType<F[Name]['column']>
}

/** Small enough for V8 to keep a column's first 64 bytes on its own heap: most requests' columns of messages stay as short. */
const firstCapacity = 8
/** What a body begins with must not make too much of little. */
const maxGrowth = 128
/** Where little is left, little room is made; should the rest be other than what came, that adds up fast enough. */
const minGrowth = 1.25

/** What reads messages of one encoding. */
export interface Reader {
  /** Decodes the message at hand into the open row of `rows`. */
  message(rows: Rows): void
  /** Which part of the body has been read, up to 1. */
  progress(): number
}

export class Rows<F extends Fields = Fields> {
  readonly message: Message<F>
  readonly columns: ColumnsOf<F>
  /** The same columns by their fields' places. */
  readonly byPlace: readonly AnyColumn[]
  /** Rows kept: the index of the open one. */
  n = 0
  /** For records: each row's place in the request. */
  requestRows = new Int32Array(0)
  /** Whether the open row may hold something. */
  touched = false
  #capacity = 0
  readonly #ending: readonly Column[]

  constructor(message: Message<F>) {
    this.message = message
    const columns = Object.entries(message.fields).map(
      ([name, field]) => [name, field.column()] as const,
    )
    this.columns = Object.fromEntries(columns) as unknown as ColumnsOf<F>
    this.byPlace = columns.map(([, column]) => column as AnyColumn)
    this.#ending = this.byPlace.filter((column) => !endless.has(column.op))
    linkRivals(message.fields, this.byPlace)
    this.grow(firstCapacity)
  }

  grow(rows: number): void {
    this.#capacity = rows
    for (const column of this.byPlace) column.grow(rows)
    if (this.message.role === 'record') this.requestRows = grown(this.requestRows, rows)
  }

  /** Reads a message into the open row, then ends it as its role asks. */
  read(tally: Tally, reader: Reader): void {
    tally.nextMessage()
    if (this.n + 1 === this.#capacity) this.#growFor(reader)
    if (this.message.role === 'part') {
      reader.message(this as unknown as Rows)
      this.keep()
    } else {
      const outer = tally.rejection
      const before = tally.kept
      tally.rejection = null
      if (this.message.role === 'record') this.requestRows[this.n] = tally.nextRecord()
      reader.message(this as unknown as Rows)
      this.#close(tally, outer, before)
    }
  }

  /** Makes room for as many rows as the body will hold when it goes on as it began: less is copied than by doubling. */
  #growFor(reader: Reader): void {
    const expected = 1.1 / reader.progress()
    this.grow(Math.ceil(this.#capacity * Math.min(Math.max(expected, minGrowth), maxGrowth)))
  }

  /** Keeps the open row and opens the next. */
  keep(): void {
    for (const column of this.#ending) column.end(this.n)
    this.touched = false
    if (++this.n === this.#capacity) this.grow(2 * this.#capacity)
  }

  /** Goes back to `rows` rows; the open row is empty again. */
  truncate(rows: number): void {
    // A container without records is taken back whole: what was not written in it must cost nothing.
    if (rows === this.n && !this.touched) return
    for (const column of this.byPlace) column.truncate(rows, this.n)
    this.n = rows
    this.touched = false
  }

  /**
   * A record is kept or rejected by itself; a container is kept when it holds a record.
   * @param outer what stood against the row around this one before this one began
   * @param before how many records were kept before this row began
   */
  #close(tally: Tally, outer: string | null, before: number): void {
    const reason = tally.rejection
    tally.rejection = outer
    if (reason !== null) {
      tally.reject(reason, this.message.role === 'record' ? 1 : tally.kept - before)
      tally.kept = before
      this.truncate(this.n)
    } else if (this.message.role === 'record') {
      tally.kept++
      this.keep()
    } else if (tally.kept > before) this.keep()
    else this.truncate(this.n)
  }
}

/** Columns that have nothing to do at a row's end. */
const endless: ReadonlySet<op.Op> = new Set([
  op.FIXED64,
  op.SFIXED64,
  op.FIXED32,
  op.UINT32,
  op.SINT32,
  op.ENUM,
  op.BOOL,
  op.DOUBLE,
  op.LABEL,
])

const linkRivals = (fields: Fields, columns: readonly AnyColumn[]): void => {
  const oneofs = Object.values(fields).map((field) => field.oneof)
  oneofs.forEach((name, place) => {
    if (name === undefined) return
    const rivals = columns.filter((_, other) => other !== place && oneofs[other] === name)
    ;(columns[place] as Member).rivals = rivals as unknown as Member[]
  })
}

/** A message in each row, or none. */
export class MessageColumn<F extends Fields = Fields> implements Member {
  readonly op = op.MESSAGE
  readonly presence = new Presence()
  rivals: readonly Member[] = []
  readonly rows: Rows<F>

  constructor(message: Message<F>) {
    this.rows = new Rows(message)
  }

  grow(rows: number): void {
    this.presence.grow(rows)
  }

  end(): void {
    this.rows.keep()
  }

  truncate(row: number, open: number): void {
    this.presence.truncate(row, open)
    this.rows.truncate(row)
  }
}

/** A list of messages in each row: row `i` holds rows `offsets[i]` to `offsets[i + 1]`. */
export class MessagesColumn<F extends Fields = Fields> implements Column {
  readonly op = op.MESSAGES
  offsets = new Int32Array(1)
  readonly #message: Message<F>
  #rows: Rows<F> | undefined

  constructor(message: Message<F>) {
    this.#message = message
  }

  /** Made when it is asked for: most lists stay empty, and a small request would spend half its time on what it has not. */
  get rows(): Rows<F> {
    this.#rows ??= new Rows(this.#message)
    return this.#rows
  }

  /** The same, without making them. */
  get made(): Rows<F> | undefined {
    return this.#rows
  }

  /** How many messages there are in all lists. */
  get length(): number {
    return this.#rows?.n ?? 0
  }

  grow(rows: number): void {
    this.offsets = grown(this.offsets, rows + 1)
  }

  end(row: number): void {
    this.offsets[row + 1] = this.length
  }

  truncate(row: number, _open: number): void {
    this.#rows?.truncate(this.offsets[row] as number)
  }
}
