/** ClickHouse, which reads a table's folder on disk or on S3, or a catalog as a database. */
import { clickhouseSql } from '../dialects.ts'
import { conditionOf, type Filter } from '../filters.ts'
import { here, run } from '../programs.ts'
import type { Answer, CatalogTable, IcebergReader, Question } from './iceberg.ts'
import { pathsOf } from './iceberg-paths.ts'
import { jsonLines, withDoubles } from './readers.ts'

const script = here('test/interop/readers/iceberg_clickhouse.mjs')

const asked = async ({ table, filters = [] }: Question) => {
  if ('catalog' in table && table.catalog.withoutMetadataFiles)
    return { cwd: here(''), ...inDatabase(table), conditions: conditionsOf(filters) }
  const { folder, metadata, s3 } = await pathsOf(table)
  const newest = clickhouseSql.text(metadata.slice(folder.length + 1))
  const settings = `SETTINGS iceberg_metadata_file_path = ${newest}`
  const conditions = conditionsOf(filters)
  if (s3 === undefined) {
    const source = `icebergLocal(${clickhouseSql.text(folder)}, ${settings})`
    return { cwd: folder, source, conditions }
  }
  const url = `${s3.endpoint}/${folder.slice('s3://'.length)}`
  const keys = [url, s3.accessKeyId, s3.secretAccessKey].map(clickhouseSql.text)
  return { cwd: here(''), source: `icebergS3(${keys.join(', ')}, ${settings})`, conditions }
}

const conditionsOf = (filters: readonly Filter[]): string[] =>
  filters.map((filter) => conditionOf(filter, clickhouseSql))

/**
 * A table that a catalog alone knows. ClickHouse asks it for keys to the files, and uses what comes; of a catalog that hands
 * out none it has to be told to use those that it has.
 */
const inDatabase = ({ catalog, namespace, name }: CatalogTable) => {
  const { uri, warehouse = 'warehouse', s3 } = catalog
  const words = [uri, s3?.accessKeyId ?? '', s3?.secretAccessKey ?? ''].map(clickhouseSql.text)
  const settings = {
    catalog_type: 'rest',
    warehouse,
    storage_endpoint: `${s3?.endpoint}/${s3?.bucket}`,
    vended_credentials: 'false',
  }
  const all = Object.entries(settings).map(
    ([key, value]) => `${key} = ${clickhouseSql.text(value)}`,
  )
  return {
    source: `lake.\`${namespace}.${name}\``,
    database: [
      'SET allow_experimental_database_iceberg = 1',
      `CREATE DATABASE lake ENGINE = DataLakeCatalog(${words.join(', ')}) SETTINGS ${all.join(', ')}`,
    ],
  }
}

/** One process a table: it has to stand in the table's folder, and reads nothing outside. */
const answer = async (question: Question): Promise<Answer> => {
  const { cwd, ...source } = await asked(question)
  const input = JSON.stringify([source])
  const [found] = jsonLines<Answer>(await run(process.execPath, [script], { input, cwd }))
  if (found === undefined) throw new Error('ClickHouse says nothing')
  return withDoubles(found)
}

export const clickhouseIceberg: IcebergReader = {
  read: async (questions) => {
    const answers = []
    for (const question of questions) answers.push(await answer(question))
    return answers
  },
}
