/** ClickHouse, which reads a table's folder on disk or on S3, whoever made it. */
import { clickhouseSql } from '../dialects.ts'
import { conditionOf } from '../filters.ts'
import { here, run } from '../programs.ts'
import type { Answer, IcebergReader, Question } from './iceberg.ts'
import { pathsOf } from './iceberg-paths.ts'
import { jsonLines, withDoubles } from './readers.ts'

const script = here('test/interop/readers/iceberg_clickhouse.mjs')

const asked = async ({ table, filters = [] }: Question) => {
  const { folder, metadata, s3 } = await pathsOf(table)
  const newest = clickhouseSql.text(metadata.slice(folder.length + 1))
  const settings = `SETTINGS iceberg_metadata_file_path = ${newest}`
  const conditions = filters.map((filter) => conditionOf(filter, clickhouseSql))
  if (s3 === undefined) {
    const source = `icebergLocal(${clickhouseSql.text(folder)}, ${settings})`
    return { cwd: folder, source, conditions }
  }
  const url = `${s3.endpoint}/${folder.slice('s3://'.length)}`
  const keys = [url, s3.accessKeyId, s3.secretAccessKey].map(clickhouseSql.text)
  return { cwd: here(''), source: `icebergS3(${keys.join(', ')}, ${settings})`, conditions }
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
  reads: (table) => !('catalog' in table && table.catalog.withoutMetadataFiles),
  read: async (questions) => {
    const answers = []
    for (const question of questions) answers.push(await answer(question))
    return answers
  },
}
