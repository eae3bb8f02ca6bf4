// A request's files as `ingest` would have them.
import { dataPath } from '../../../src/iceberg/append.ts'
import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import type { EncodedDataFile } from '../../../src/iceberg/new-data-file.ts'
import { dataFile } from './others.ts'
import { bytesOf } from './rows.ts'
import type { Request } from './sender.ts'

/** One file for each of a request's partitions. `by`: what tells this attempt's bytes from those of others. */
export const encoded = (
  table: LoadedTable,
  { id, counts }: Request,
  by: string,
): EncodedDataFile[] =>
  counts.map((count, day) => {
    const rows = [{ id: `${id}/${day}`, count }]
    const bytes = bytesOf(rows, by, 20_000 + day)
    const number = String(Number(id.slice(1)) * 10 + day).padStart(12, '0')
    const uuid = `00000000-0000-4000-8000-${number}`
    const path = `${dataPath(table.metadata)}/1700000000000000-${uuid}.parquet`
    return {
      uuid,
      specId: table.metadata['default-spec-id'],
      partition: [20_000 + day],
      bytes,
      dataFile: dataFile(path, 20_000 + day, rows, bytes.length),
    }
  })
