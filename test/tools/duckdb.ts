// Runs SQL as somebody would who stands in a folder with `data/` in it, and gives plain values.
import { DuckDBInstance, type Json } from '@duckdb/node-api'

export type Answer = Readonly<Record<string, Json>>[]

/**
 * Runs statements and gives the rows of the last.
 * @param data the folder that stands for `data/` in the statements
 * @returns 64-bit integers and times as text, doubles and smaller integers as numbers
 */
export const ask = async (sql: string, data: string): Promise<Answer> => {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    const statements = await connection.extractStatements(sql.replaceAll("'data/", `'${data}/`))
    let rows: Answer = []
    for (let i = 0; i < statements.count; i++) {
      const result = await (await statements.prepare(i)).run()
      rows = (await result.getRowObjectsJson()) as Answer
    }
    return rows
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
