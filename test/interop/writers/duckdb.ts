/** DuckDB as a writer: INSERT into a table of an attached catalog. */

import { literal, queried } from '../readers/duckdb.ts'
import { connectIceberg, tableSql } from '../readers/iceberg-duckdb.ts'
import type { Cell } from '../rows.ts'
import type { Writer } from './writers.ts'

/** A cell of a type of the tables' words, as SQL. */
const value = (cell: Cell | undefined, type: string): string => {
  if (cell === null || cell === undefined) return 'NULL'
  const element = /^list<(.*)>$/.exec(type)?.[1]
  if (element !== undefined) return `[${(cell as Cell[]).map((c) => value(c, element)).join(', ')}]`
  if (type === 'timestamptz') return `make_timestamptz(${cell})`
  if (type === 'double') return `'${cell}'::DOUBLE`
  return type === 'string' ? literal(String(cell)) : String(cell)
}

/** Only `append`. */
export const duckdbWriter: Writer = async (deeds) => {
  const connection = await connectIceberg()
  try {
    for (const deed of deeds) {
      if (deed.deed !== 'append') throw new Error(`DuckDB does not ${deed.deed} here`)
      const table = await tableSql(connection, deed.table)
      // It sorts nothing that it writes, and asks whether that is known.
      await connection.run('SET unsafe_iceberg_ignore_sort_order = true')
      const { types } = await queried(connection, `SELECT * FROM ${table} LIMIT 0`)
      const rows = deed.rows.map((row) => {
        const values = Object.entries(types).map(([name, type]) => value(row[name], type))
        return `(${values.join(', ')})`
      })
      await connection.run(`INSERT INTO ${table} VALUES ${rows.join(', ')}`)
    }
  } finally {
    connection.closeSync()
  }
}
