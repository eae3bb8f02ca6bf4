/** Every reader of Iceberg tables under one interface. */
import { here, icebergJars, pyiceberg, run } from '../programs.ts'
import type { Answer, IcebergReader, Question } from './iceberg.ts'
import { clickhouseIceberg } from './iceberg-clickhouse.ts'
import { duckdbIceberg } from './iceberg-duckdb.ts'
import { byMetadata } from './iceberg-paths.ts'
import { jsonLines, withDoubles } from './readers.ts'

/** A program that reads questions, tables named by metadata file or catalog, and prints an answer a line. */
const program =
  (command: string, args: readonly string[]): IcebergReader['read'] =>
  async (questions: readonly Question[]) => {
    const input = JSON.stringify(await Promise.all(questions.map(byMetadata)))
    return jsonLines<Answer>(await run(command, args, { input })).map(withDoubles)
  }

export const icebergReaders: Readonly<Record<string, IcebergReader>> = {
  duckdb: duckdbIceberg,
  pyiceberg: {
    reads: () => true,
    read: program(pyiceberg, [here('test/interop/readers/iceberg_pyiceberg.py')]),
  },
  clickhouse: clickhouseIceberg,
  java: {
    reads: () => true,
    read: program('java', [
      ...[
        '-Xmx1g',
        '-XX:TieredStopAtLevel=1',
        '-XX:+UseSerialGC',
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
        '-cp',
        icebergJars,
      ],
      here('test/interop/readers/IcebergReader.java'),
    ]),
  },
}
