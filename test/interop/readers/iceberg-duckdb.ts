/** DuckDB's iceberg extension, by metadata file, table folder or catalog. */
import { mkdir, symlink } from 'node:fs/promises'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { duckdbSql } from '../dialects.ts'
import { conditionOf, type Filter } from '../filters.ts'
import { duckdbExtension } from '../programs.ts'
import { literal, queried } from './duckdb.ts'
import type { Answer, Filtered, IcebergReader, Question, TableRef } from './iceberg.ts'

/** A connection with the extensions; httpfs and aws have to be there before iceberg. */
export const connectIceberg = async (): Promise<DuckDBConnection> => {
  const connection = await (
    await DuckDBInstance.create(':memory:', { allow_unsigned_extensions: 'true' })
  ).connect()
  await connection.run('SET autoinstall_known_extensions = false')
  for (const name of ['avro', 'httpfs', 'aws', 'iceberg'])
    await connection.run(`LOAD ${literal(duckdbExtension(name))}`)
  await connection.run("SET TimeZone = 'UTC'")
  return connection
}

/**
 * A connection as a user has it, for SQL that installs and loads what it needs: DuckDB finds the extensions
 * installed, in a folder that is made below another one.
 */
export const connectInstalled = async (folder: string): Promise<DuckDBConnection> => {
  const connection = await (
    await DuckDBInstance.create(':memory:', { allow_unsigned_extensions: 'true' })
  ).connect()
  const [found] = (await queried(connection, 'PRAGMA platform')).rows
  const home = `${folder}/v1.5.5/${found?.platform}`
  await mkdir(home, { recursive: true })
  for (const name of ['avro', 'httpfs', 'aws', 'iceberg'])
    await symlink(duckdbExtension(name), `${home}/${name}.duckdb_extension`)
  await connection.run(`SET extension_directory = ${literal(folder)}`)
  await connection.run("SET autoinstall_known_extensions = false; SET TimeZone = 'UTC'")
  return connection
}

/** SQL that names a table; what it needs (secrets, an attached catalog) is made first. */
export const tableSql = async (connection: DuckDBConnection, table: TableRef): Promise<string> => {
  const { s3 } = 'catalog' in table ? table.catalog : table
  if (s3 !== undefined) await connection.run(secret(s3))
  if (!('catalog' in table))
    return `iceberg_scan(${literal('metadata' in table ? table.metadata : table.folder)})`
  const { uri, warehouse = '' } = table.catalog
  await connection.run(
    `ATTACH IF NOT EXISTS ${literal(warehouse)} AS lake
      (TYPE iceberg, ENDPOINT ${literal(uri)}, AUTHORIZATION_TYPE 'none', ACCESS_DELEGATION_MODE 'none')`,
  )
  return `lake."${table.namespace}"."${table.name}"`
}

/** SQL that makes the keys of an S3 server known. */
export const secret = (s3: NonNullable<Extract<TableRef, { folder: string }>['s3']>): string => `
  CREATE OR REPLACE SECRET lake (TYPE s3, KEY_ID ${literal(s3.accessKeyId)},
    SECRET ${literal(s3.secretAccessKey)}, REGION ${literal(s3.region)}, URL_STYLE 'path',
    ENDPOINT ${literal(s3.endpoint.replace('http://', ''))}, USE_SSL false)`

const filtered = async (
  connection: DuckDBConnection,
  from: string,
  filter: Filter,
): Promise<Filtered> => {
  const where = `FROM ${from} WHERE ${conditionOf(filter, duckdbSql)}`
  const keys = `SELECT requestid || ':' || requestrow AS k ${where}`
  const { rows } = await queried(
    connection,
    `SELECT string_agg(k, ',' ORDER BY k) AS k FROM (${keys})`,
  )
  return {
    keys: String(rows[0]?.k ?? ''),
    fileCount: await plannedFiles(connection, keys),
    files: null,
  }
}

/** What DuckDB's profile of a query says; nothing when it saw that there is nothing to read. */
const plannedFiles = async (connection: DuckDBConnection, sql: string): Promise<number> => {
  const { rows } = await queried(connection, `EXPLAIN (ANALYZE, FORMAT json) ${sql}`)
  const profile = String(Object.values(rows[0] ?? {})[1])
  return Number(/"Total Files Read": "(\d+)"/.exec(profile)?.[1] ?? 0)
}

const answer = async (
  connection: DuckDBConnection,
  { table, filters = [] }: Question,
): Promise<Answer> => {
  const from = await tableSql(connection, table)
  const { types, rows } = await queried(connection, `SELECT * FROM ${from}`)
  const [counted] = (await queried(connection, `SELECT count(*) AS n FROM ${from}`)).rows
  const found = []
  for (const filter of filters) found.push(await filtered(connection, from, filter))
  return { types, rows, count: Number(counted?.n), filtered: found }
}

const answersOf = async (questions: readonly Question[]): Promise<Answer[]> => {
  const connection = await connectIceberg()
  try {
    const answers = []
    for (const question of questions) answers.push(await answer(connection, question))
    return answers
  } finally {
    connection.closeSync()
  }
}

/** Whether a table needs no secret and no catalog, which would be another table's too. */
const isOnDisk = ({ table }: Question): boolean => !('catalog' in table) && table.s3 === undefined

export const duckdbIceberg: IcebergReader = {
  read: async (questions) => {
    // To connect takes longer than to read a small table.
    const turns = questions.every(isOnDisk) ? [questions] : questions.map((question) => [question])
    const answers = []
    for (const turn of turns) answers.push(...(await answersOf(turn)))
    return answers
  },
}
