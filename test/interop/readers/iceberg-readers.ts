/** Every reader of Iceberg tables under one interface. */
import { here, pyiceberg, run } from '../programs.ts'
import { type Answer, byMetadata, type IcebergReader, type Question } from './iceberg.ts'
import { duckdbIceberg } from './iceberg-duckdb.ts'
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
}
