// Writers of one table on disk, for processes of their own too: data files without rows, and which of them the table has.
import type { LoadedTable } from '../../../src/iceberg/catalog.ts'
import type { FileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { readManifest } from '../../../src/iceberg/manifest.ts'
import { readManifestList } from '../../../src/iceberg/manifest-list.ts'
import type { EncodedDataFile, FileOutcome } from '../../../src/iceberg/new-data-file.ts'
import { type Clock, systemClock } from '../../../src/iceberg/retry.ts'
import { currentSnapshot } from '../../../src/iceberg/table-metadata.ts'
import { createTableWriter } from '../../../src/iceberg/table-writer.ts'
import { noLog } from '../../../src/log.ts'
import { noMetrics } from '../../../src/metrics.ts'
import { creation } from '../../contracts/commits.ts'
import { requestBy } from '../../tools/append-request.ts'
import { dataFileNamed } from '../tables.ts'

export const logs = { namespace: ['otel'], name: 'logs' }

const deadlineMs = 60_000

/** Appends a file to the table, made when it is missing. `clock`: what the writer goes by. */
export const createAppender = (
  catalog: FileCatalog,
  clock: Clock = systemClock,
): ((uuid: string) => Promise<FileOutcome | undefined>) => {
  const writer = createTableWriter({
    catalog,
    identifier: logs,
    creation: creation(),
    version: 'test',
    clock,
    log: noLog,
    metrics: noMetrics,
  })
  return async (uuid) => {
    const base = await writer.open()
    const [outcome] = await writer.append(
      base,
      [fileOf(uuid, base)],
      requestBy(Date.now() + deadlineMs),
    )
    return outcome
  }
}

const fileOf = (uuid: string, { metadata }: LoadedTable): EncodedDataFile => ({
  uuid,
  specId: 0,
  partition: [20_000],
  bytes: new TextEncoder().encode(uuid),
  dataFile: {
    ...dataFileNamed(`${metadata.location}/data/0-${uuid}.parquet`, { timestamp_day: 20_000 }),
    record_count: 1n,
    file_size_in_bytes: BigInt(uuid.length),
  },
})

/** The uuids of the files that the table has now, as often as it has them. */
export const storedUuids = async (catalog: FileCatalog): Promise<string[]> => {
  const table = await catalog.load(logs)
  const snapshot = table && currentSnapshot(table.metadata)
  if (!snapshot) return []
  const read = async (path: string) => (await table.io.get(path)) ?? new Uint8Array()
  const manifests = await readManifestList(await read(snapshot['manifest-list']))
  const entries = await Promise.all(
    manifests.map(async ({ manifest_path: path }) => readManifest(await read(path))),
  )
  return entries.flat().map(({ data_file: { file_path: path } }) => {
    const [, uuid = path] = /\/data\/0-(.*)\.parquet$/.exec(path) ?? []
    return uuid
  })
}
