/** What a killed program leaves of its Iceberg tables, and what independent readers find there in the end. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import type { LoadedTable } from '../../src/iceberg/catalog.ts'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { readManifest } from '../../src/iceberg/manifest.ts'
import { readManifestList } from '../../src/iceberg/manifest-list.ts'
import { currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import { noLog } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { tables } from '../../src/tables/tables.ts'
import type { Entry, Violation } from './ledger.ts'
import { mostSweeps, sweepByHand } from './schedule-receipts.ts'
import { judgeTables, tableJudges } from './table-judge.ts'

const namespace = 'otel'

/** Tables without a service, in the folder itself; receipts and sweeps as often as there is time for them. */
export const icebergEnvironment = {
  OTLP2PARQUET_ICEBERG_CATALOG: 'file',
  OTLP2PARQUET_COMMIT_INTERVAL: '1',
  OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '1',
  OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
}

/** A table, and the file of its latest metadata. */
interface Found {
  readonly name: string
  readonly table: LoadedTable
  readonly metadata: string
}

const tablesBelow = async (data: string): Promise<Found[]> => {
  const storage = await openFileStorage(data)
  const catalog = createFileCatalog({ storage, root: `file://${data}`, log: noLog })
  const found = await Promise.all(
    tables.map(async ({ name }) => {
      const table = await catalog.load({ namespace: [namespace], name })
      if (table === null) return []
      const metadata = `${data}/${namespace}/${name}/metadata/v${table.version}.metadata.json`
      return [{ name, table, metadata }]
    }),
  )
  return found.flat()
}

/** I4: every table can be loaded, its history is a line, and each file that it names is there, once. */
export const checkTables = async (data: string): Promise<Violation[]> => {
  try {
    const found = await tablesBelow(data)
    return (await Promise.all(found.map(checkTable))).flat()
  } catch (error) {
    return [`I4: a table cannot be loaded: ${error}`]
  }
}

const checkTable = async ({ name, table }: Found): Promise<Violation[]> => {
  const files = await filesOf(table)
  const { snapshots } = table.metadata
  return [
    ...files
      .filter((file) => !existsSync(file.replace('file://', '')))
      .map((file) => `I4: ${name} names ${file}, which is not there`),
    ...(new Set(files).size < files.length ? [`I4: ${name} has a file twice`] : []),
    ...snapshots
      .filter((one, i) => i > 0 && one['parent-snapshot-id'] !== snapshots[i - 1]?.['snapshot-id'])
      .map((one) => `I4: snapshot ${one['snapshot-id']} of ${name} does not follow the one before`),
  ]
}

/** The data files of the current snapshot. */
const filesOf = async ({ metadata, io }: LoadedTable): Promise<string[]> => {
  const read = async (path: string): Promise<Uint8Array> => {
    const bytes = await io.get(path)
    if (bytes === null) throw new Error(`${path} is not there`)
    return bytes
  }
  const snapshot = currentSnapshot(metadata)
  if (snapshot === null) return []
  const manifests = await readManifestList(await read(snapshot['manifest-list']))
  const entries = await Promise.all(
    manifests.map(async ({ manifest_path: path }) => readManifest(await read(path))),
  )
  return entries.flat().map(({ data_file: file }) => file.file_path)
}

/** The last program swept when it stopped; what it left, since it had no time for it, or since it rested, is paid by hand. */
export const payTables = async (data: string): Promise<void> => {
  for (let sweeps = 0; sweeps < mostSweeps && (await receiptsBelow(data)).length > 0; sweeps++) {
    await sweepByHand(data, icebergEnvironment)
  }
}

/** Nothing is owed in the end, and nothing ever had to be put aside. */
const checkReceipts = async (data: string): Promise<Violation[]> =>
  (await receiptsBelow(data)).map((name) => `I8: a receipt is left: ${name}`)

const receiptsBelow = async (data: string): Promise<string[]> => {
  const left = await readdir(`${data}/_receipts`, { recursive: true }).catch(() => [])
  // The lease of a program that was killed ends by its time, and is taken over by the next sweep that wants one; what a
  // sweep noted as it was killed is for the next that finds something owed.
  return left.filter(
    (name) => name.endsWith('.json') && !['sweep.json', 'notes.json'].includes(name),
  )
}

/** I1 to I4, by readers that know nothing of us. */
export const judgeTablesBelow = async (
  data: string,
  entries: readonly Entry[],
  say: (line: string) => void,
) => {
  const found = await tablesBelow(data)
  const violations = [...(await checkTables(data)), ...(await checkReceipts(data))]
  const refs = found.map(({ name, metadata }) => ({ table: name, ref: { metadata } }))
  const [judged = []] = await judgeTables([{ entries, tables: refs }])
  say(`${tableJudges.join(', ')} read ${found.length} tables`)
  const total = (key: string) =>
    found.reduce(
      (sum, { table }) => sum + Number(currentSnapshot(table.metadata)?.summary[key] ?? 0),
      0,
    )
  return {
    violations: [...violations, ...judged],
    files: total('total-data-files'),
    rows: { metadata: total('total-records') },
  }
}
