/** Every reader of Iceberg tables under one interface. */
import { compiled, quickStart } from '../java.ts'
import { here, icebergJars, pyiceberg, run } from '../programs.ts'
import type { Answer, IcebergReader, Question } from './iceberg.ts'
import { clickhouseIceberg } from './iceberg-clickhouse.ts'
import { duckdbIceberg } from './iceberg-duckdb.ts'
import { byMetadata } from './iceberg-paths.ts'
import { jsonLines, withDoubles } from './readers.ts'

/** A program that reads questions, tables named by metadata file or catalog, and prints an answer a line. */
const program =
  (
    command: string,
    args: () => readonly string[] | Promise<readonly string[]>,
  ): IcebergReader['read'] =>
  async (questions: readonly Question[]) => {
    const input = JSON.stringify(await Promise.all(questions.map(byMetadata)))
    return jsonLines<Answer>(await run(command, await args(), { input })).map(withDoubles)
  }

const javaReader = async (): Promise<readonly string[]> => [
  '-Xmx1g',
  ...quickStart,
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
  ...(await compiled(here('test/interop/readers/IcebergReader.java'), icebergJars)),
]

export const icebergReaders: Readonly<Record<string, IcebergReader>> = {
  duckdb: duckdbIceberg,
  pyiceberg: {
    read: program(pyiceberg, () => [here('test/interop/readers/iceberg_pyiceberg.py')]),
  },
  clickhouse: clickhouseIceberg,
  java: {
    read: program('java', javaReader),
  },
}
