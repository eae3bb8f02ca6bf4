/**
 * The commit rule: new data files become part of a table once, whatever is lost, repeated or late on the way. A commit is a
 * compare-and-swap on the metadata it was built on. A file created after that metadata was loaded may be committed on it
 * at once; any other (another attempt of the request may have been here, or an earlier swap of ours may have landed) is
 * first looked for in the very metadata that the next swap builds on.
 */
import { IngestError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { prepareAddition, type WrittenAddition } from './addition.ts'
import { type Append, appendTo } from './append.ts'
import type { Catalog, CommitOutcome, LoadedTable } from './catalog.ts'
import { landed } from './landed.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { MetadataFiles } from './metadata-files.ts'
import { makeOurs, type NewDataFile } from './new-data-file.ts'
import { backoff, type Clock } from './retry.ts'
import { currentSnapshot } from './table-metadata.ts'

export interface CommitContext {
  readonly catalog: Catalog
  readonly files: MetadataFiles
  /** The program's version, for snapshot summaries. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * Commits files that are being written, in one snapshot. Each is settled; the table as it is afterwards is returned.
 * @throws what kept those that are not settled from being committed: the table may hold them or get them yet
 */
export const commitFiles = async (
  batch: readonly NewDataFile[],
  base: LoadedTable,
  context: CommitContext,
): Promise<LoadedTable> => {
  let table = base
  let files = batch
  let addition: WrittenAddition | null = null
  const deadline = Math.max(...batch.map((file) => file.deadline))
  for (let attempt = 0; ; attempt++) {
    const unsettled = await withoutLanded(files, table, context)
    if (unsettled.length < files.length) addition = null
    files = unsettled
    if (files.length === 0) return table
    addition ??= await prepareAddition(files, table, context.version)
    const append = await written(files, addition, table, context)
    const remaining = await standing(files)
    if (remaining.length < files.length || remaining.some((file) => !file.isOurs)) {
      files = remaining
      addition = null
      continue
    }
    const signal = context.clock.signal(deadline)
    const outcome = await context.catalog.commit(table, append.commit, { signal })
    if (outcome.kind === 'committed') {
      keep(append, addition, files, context)
      context.metrics.count('commits', { table: table.identifier.name })
      for (const file of files) file.settle('committed')
      return outcome.table
    }
    await pause(outcome, attempt, deadline, table, context)
    table = await reload(table, signal, context)
  }
}

/** Settles the files that are in the table already; the others are ours afterwards and may be committed on it. */
const withoutLanded = async (
  files: readonly NewDataFile[],
  table: LoadedTable,
  context: CommitContext,
): Promise<NewDataFile[]> => {
  const sought = files.filter((file) => file.base !== table && file.searched !== table)
  if (sought.length === 0) return [...files]
  const since = Math.min(...sought.map((file) => file.base?.metadata['last-sequence-number'] ?? 0))
  const uuids = new Set(sought.map((file) => file.uuid))
  const { found, conclusive } = await landed(table, uuids, since, context.files)
  for (const file of sought) {
    file.searched = table
    if (found.has(file.uuid)) file.settle('duplicate')
    else {
      if (!conclusive) warnOfDuplicates(file, table, context)
      if (!file.isOurs) await makeOurs(file, table)
    }
  }
  return files.filter((file) => !found.has(file.uuid) || !sought.includes(file))
}

const warnOfDuplicates = (
  { uuid }: NewDataFile,
  { identifier: { name } }: LoadedTable,
  { log, metrics }: CommitContext,
): void => {
  metrics.count('possible_duplicates', { table: name })
  const message = 'a request may be stored twice: the table does not remember that long'
  log('warn', message, { table: name, uuid })
}

/** Writes the manifests and the list while the data files are being written. */
const written = async (
  files: readonly NewDataFile[],
  addition: WrittenAddition,
  table: LoadedTable,
  { files: metadataFiles, clock }: CommitContext,
): Promise<Append> => {
  const { metadata, io } = table
  const parent = currentSnapshot(metadata)
  const parents: readonly ManifestFile[] =
    parent === null ? [] : await metadataFiles.list(parent['manifest-list'], io)
  const append = await appendTo(metadata, parents, addition, clock.now())
  await Promise.all([
    ...[...addition.objects, append.list].map(({ path, bytes }) => io.put(path, bytes)),
    ...files.map((file) => file.written),
  ])
  return append
}

/** Fails the files that could not be written. */
const standing = async (files: readonly NewDataFile[]): Promise<NewDataFile[]> => {
  const errors = await Promise.all(files.map((file) => file.written))
  return files.filter((file, i) => {
    const error = errors[i]
    if (error !== null) file.fail(error)
    return error === null
  })
}

const keep = (
  { list, manifests }: Append,
  addition: WrittenAddition,
  files: readonly NewDataFile[],
  context: CommitContext,
): void => {
  context.files.keepList(list.path, manifests)
  const paths = files.map(({ dataFile }) => dataFile.file_path)
  for (const { path } of addition.objects) context.files.keepFilePaths(path, paths)
}

/** Waits before the next attempt. `unavailable` when there is no time left for one. */
const pause = async (
  outcome: Exclude<CommitOutcome, { kind: 'committed' }>,
  attempt: number,
  deadline: number,
  { identifier: { name } }: LoadedTable,
  { clock, log, metrics }: CommitContext,
): Promise<void> => {
  const { kind, reason } = outcome
  metrics.count('commit_retries', { table: name, reason: kind })
  log('debug', 'a commit has to be tried again', { table: name, kind, reason, attempt })
  const least = outcome.kind === 'conflict' ? 0 : outcome.retryAfterMs
  const delay = Math.max(least, backoff(attempt))
  if (clock.now() + delay >= deadline) {
    throw new IngestError('unavailable', `the table could not be changed in time: ${kind}`, {
      cause: new Error(reason),
    })
  }
  await clock.sleep(delay)
}

const reload = async (
  { identifier, metadata }: LoadedTable,
  signal: AbortSignal,
  { catalog }: CommitContext,
): Promise<LoadedTable> => {
  const table = await catalog.load(identifier, { signal })
  const uuid = table?.metadata['table-uuid']
  if (table !== null && uuid === metadata['table-uuid']) return table
  const what = table === null ? 'is gone' : 'was made anew'
  throw new IngestError('unavailable', `table ${identifier.name} ${what}, try again`)
}
