/** Every reader under one interface. */
import { here, python, run } from '../programs.ts'
import { type Cell, doubleOfBits, type Reader, type Reading, type Row } from '../rows.ts'
import { duckdb } from './duckdb.ts'
import { hyparquet } from './hyparquet.ts'

/** A program that prints one JSON line per file; it spells doubles by their bits. */
const program =
  (command: string, script: string): Reader =>
  async (folder, files) => {
    const input = JSON.stringify({ folder, files })
    const path = here(`test/interop/readers/${script}`)
    return jsonLines<Reading>(await run(command, [path], { input, cwd: folder })).map(withDoubles)
  }

/** What a program printed, one JSON text a line. */
export const jsonLines = <T>(printed: string): T[] =>
  printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T)

/** Rows in which doubles are bits, in the readers' spelling. */
export const withDoubles = <R extends Omit<Reading, 'file'>>(reading: R): R => ({
  ...reading,
  rows: reading.rows.map((row) =>
    mapRow(row, (cell, name) => decoded(cell, reading.types[name] ?? '')),
  ),
})

const mapRow = (row: Row, convert: (cell: Cell, name: string) => Cell): Row =>
  Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, convert(cell, name)]))

const decoded = (cell: Cell, type: string): Cell => {
  if (!type.includes('double') || cell === null) return cell
  return typeof cell === 'string'
    ? doubleOfBits(cell)
    : (cell as Cell[]).map((c) => decoded(c, type))
}

/** ClickHouse's arrays cannot be null: a null list reads as an empty one. */
export const withoutNullLists = <R extends Omit<Reading, 'file'>>(reading: R): R => ({
  ...reading,
  rows: reading.rows.map((row) =>
    mapRow(row, (cell, name) =>
      cell === null && reading.types[name]?.startsWith('list') ? [] : cell,
    ),
  ),
})

export const readers: Readonly<Record<string, Reader>> = {
  duckdb,
  hyparquet,
  pyarrow: program(python, 'read_pyarrow.py'),
  clickhouse: program(process.execPath, 'read_clickhouse.mjs'),
}
