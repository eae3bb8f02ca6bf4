/**
 * The commit rule: new data files become part of a table once, whatever is lost, repeated or late on the way. A commit is a
 * compare-and-swap on the metadata it was built on. A file created after that metadata was loaded may be committed on it
 * at once; any other (another attempt of the request may have been here, or an earlier swap of ours may have landed) is
 * first looked for in the very metadata that the next swap builds on.
 */
import { IngestError, OutdatedFilesError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import { type Attempt, writeAttempt } from './attempt.ts'
import type { Catalog, CommitOutcome, LoadedTable, Uncommitted } from './catalog.ts'
import { callSignal, lastDeadline, pauseUntil, toldToWait, tooLate } from './group-deadlines.ts'
import { type Look, landed, lookAt, looksIn, noLook } from './landed.ts'
import type { ManifestMerger } from './manifest-merger.ts'
import type { MetadataFiles } from './metadata-files.ts'
import { type FileOutcome, makeOurs, type NewDataFile } from './new-data-file.ts'
import { type Clock, inTime, retryDelay } from './retry.ts'
import { hasAddedSnapshots } from './table-updates.ts'
import { slowStorage } from './waiting.ts'

export interface CommitContext {
  readonly catalog: Catalog
  readonly files: MetadataFiles
  readonly merger: ManifestMerger
  /** The program's version, for snapshot summaries. */
  readonly version: string
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

/** The files that wait for a commit. */
export interface Waiting {
  /** Takes them all: they are the caller's to settle. */
  take(): readonly NewDataFile[]
  /** Whether there are any. */
  any(): boolean
  /** Takes back a file that is not committed with the others: its object is not there yet, or was before, or it is not due. */
  aside(file: NewDataFile): void
  /** Whether files are still to be committed now, to the table as it was loaded after an attempt. */
  isDue(table: LoadedTable): boolean
}

/** How long files that stand wait for others of their group, while still others wait for the group. */
const patienceMs = 100

/**
 * Commits the files that wait, in one snapshot; those that come while it has to be tried again are taken in. Each is
 * settled, failed or set aside; the table as it is afterwards is returned.
 * @throws what kept the files from being committed, after failing them: the table may hold them or get them yet
 */
export const commitWaiting = async (
  waiting: Waiting,
  base: LoadedTable,
  context: CommitContext,
): Promise<LoadedTable> => {
  const group = new Set<NewDataFile>()
  try {
    return await commitGroup(group, waiting, base, context)
  } catch (error) {
    const reason = unavailable(error)
    for (const file of group) file.fail(reason)
    throw reason
  }
}

const commitGroup = async (
  group: Set<NewDataFile>,
  waiting: Waiting,
  base: LoadedTable,
  context: CommitContext,
): Promise<LoadedTable> => {
  let table = base
  let attempt: Attempt | null = null
  let [notBefore, ms] = [0, 0]
  let began = context.clock.now()
  for (let tries = 0; ; tries++) {
    takeIn(waiting, group)
    if (tries > 0 && !waiting.isDue(table)) setAside(group, waiting)
    dropUnfit(group, table, context)
    attempt = await prepare(group, table, attempt, waiting, context)
    if (attempt === null) return table
    await pauseUntil(notBefore, ms, group, context.clock)
    tellOfDuplicates(attempt, context)
    const outcome = await commitOnce(table, attempt, group, context)
    if (outcome.kind === 'committed') {
      settle(group, attempt.files, 'committed', table, context)
      return outcome.table
    }
    tell(outcome, tries, table, context)
    ms = retryDelay(outcome, tries, context.clock.now() - began)
    notBefore = context.clock.now() + ms
    if (outcome.kind === 'throttled' && notBefore >= lastDeadline(group)) {
      throw toldToWait(table.identifier.name)
    }
    // Whoever was faster should be seen; what became of a swap of ours should be known before the time for another is over.
    if (outcome.kind === 'conflict') await pauseUntil(notBefore, ms, group, context.clock)
    began = context.clock.now()
    if (outcome.kind !== 'throttled') table = await reload(table, group, context)
    // It landed, though nobody said so.
    if (hasAddedSnapshots(table.metadata, attempt.append.commit.updates)) {
      settle(group, attempt.files, 'committed', table, context)
    }
  }
}

/** Somebody else was faster, and it is his commit that was due. */
const setAside = (group: Set<NewDataFile>, waiting: Waiting): void => {
  for (const file of group) waiting.aside(file)
  group.clear()
}

/** Another attempt of a request that is in the group has to wait, and to see what became of that one. */
const takeIn = (waiting: Waiting, group: Set<NewDataFile>): void => {
  const uuids = new Set([...group].map(({ uuid }) => uuid))
  for (const file of waiting.take()) {
    if (uuids.has(file.uuid)) waiting.aside(file)
    else group.add(file)
    uuids.add(file.uuid)
  }
}

/** Fails the files that cannot be committed to the table as it is now, or no longer in time. */
const dropUnfit = (
  group: Set<NewDataFile>,
  { identifier: { name }, metadata }: LoadedTable,
  { clock }: CommitContext,
): void => {
  const specs = new Set(metadata['partition-specs'].map((spec) => spec['spec-id']))
  for (const file of group) {
    const error =
      file.deadline <= clock.now()
        ? tooLate(name)
        : file.base.metadata['table-uuid'] !== metadata['table-uuid']
          ? madeAnew(name)
          : !specs.has(file.specId)
            ? new OutdatedFilesError(`table ${name} is partitioned otherwise now, try again`)
            : null
    if (error === null) continue
    group.delete(file)
    file.fail(error)
  }
}

/** Brings everything to where it can be committed on `table`; null when no file is left to commit. */
const prepare = async (
  group: Set<NewDataFile>,
  table: LoadedTable,
  last: Attempt | null,
  waiting: Waiting,
  context: CommitContext,
): Promise<Attempt | null> => {
  for (let attempt = last; ; ) {
    await settleLanded(group, table, context)
    if (group.size === 0) return null
    attempt = await writeAttempt([...group], table, attempt, context, (call) =>
      inTime(call, callSignal(group, context.clock), slowStorage),
    )
    await objects(group, waiting, context.clock)
    for (const file of group) {
      if (file.state === 'ours') continue
      group.delete(file)
      if (file.state !== 'failed') waiting.aside(file)
    }
    const { files } = attempt
    if (files.length === group.size && files.every((file) => file.absentFrom === table)) {
      return attempt
    }
  }
}

/** Settles the files that another attempt of their request has brought into the table; the others may be committed on it. */
const settleLanded = async (
  group: Set<NewDataFile>,
  table: LoadedTable,
  context: CommitContext,
): Promise<void> => {
  const sought = [...group].filter((file) => file.state === 'ours' && file.absentFrom !== table)
  if (sought.length === 0) return
  const searching = search(sought, table, context)
  const duplicates = await inTime(searching, callSignal(group, context.clock), slowStorage)
  settle(group, duplicates, 'duplicate', table, context)
}

/** The files that are in the table, or were. The others are known to be absent from it afterwards. */
const search = async (
  sought: readonly NewDataFile[],
  table: LoadedTable,
  { files }: CommitContext,
): Promise<readonly NewDataFile[]> => {
  const since = Math.min(...sought.map(lastLook).map(looksIn(table.metadata)))
  const { found, conclusive } = await landed(table, sought, since, files)
  for (const file of sought) {
    if (found.has(file.uuid)) continue
    file.absentFrom = table
    file.uncertain ||= !conclusive
  }
  return sought.filter((file) => found.has(file.uuid))
}

const lastLook = ({ absentFrom }: NewDataFile): Look =>
  absentFrom === null ? noLook : lookAt(absentFrom.metadata)

/**
 * Settles a file whose name was `taken`, and says whether that was possible; else it can be committed afterwards. Not among
 * those that are committed: such a search may take long, or fail, and theirs are new.
 * @throws when the table or its files are out of reach
 */
export const resolveTaken = async (
  file: NewDataFile,
  table: LoadedTable,
  context: CommitContext,
): Promise<boolean> => {
  const { clock } = context
  const resolve = async (): Promise<boolean> => {
    const isDuplicate = (await search([file], table, context)).length > 0
    if (isDuplicate) file.settle('duplicate')
    else if (file.deadline <= clock.now()) throw tooLate(table.identifier.name)
    else await makeOurs(file, table, clock.now())
    return isDuplicate
  }
  // What was read meanwhile is kept: the next attempt of the request is faster.
  return inTime(resolve(), clock.signal(file.deadline), slowStorage)
}

/** Waits until every object stands or cannot; not for long while others wait, and not beyond the deadline. */
const objects = async (
  group: ReadonlySet<NewDataFile>,
  waiting: Waiting,
  clock: Clock,
): Promise<void> => {
  const writing = () => [...group].filter((file) => file.state === 'writing')
  const all = Promise.all(writing().map((file) => file.written))
  while (writing().length > 0 && clock.now() < lastDeadline(group)) {
    await Promise.race([all, clock.sleep(patienceMs)])
    if (waiting.any()) return
  }
}

/** Swaps once. What comes of it later, if nothing came in time, is for the next look to tell. */
const commitOnce = (
  table: LoadedTable,
  { append }: Attempt,
  group: ReadonlySet<NewDataFile>,
  context: CommitContext,
): Promise<CommitOutcome> => {
  const signal = callSignal(group, context.clock)
  return inTime(context.catalog.commit(table, append.commit, { signal }), signal, () => ({
    kind: 'unknown',
    retryAfterMs: 0,
    reason: 'no answer in time',
  }))
}

const settle = (
  group: Set<NewDataFile>,
  files: readonly NewDataFile[],
  outcome: FileOutcome,
  { identifier: { name } }: LoadedTable,
  { metrics }: CommitContext,
): void => {
  if (outcome === 'committed') metrics.count('commits', { table: name })
  for (const file of files) {
    group.delete(file)
    file.settle(outcome)
  }
}

/** Before the swap: what becomes of it may never be known here. */
const tellOfDuplicates = ({ files, table }: Attempt, { log, metrics }: CommitContext): void => {
  const { name } = table.identifier
  for (const file of files) {
    if (!file.uncertain) continue
    file.uncertain = false
    metrics.count('possible_duplicates', { table: name })
    const message = 'rows may be in a table twice: it does not remember whether they were there'
    log('warn', message, { table: name, uuid: file.uuid })
  }
}

const tell = (
  outcome: Uncommitted,
  tries: number,
  { identifier: { name } }: LoadedTable,
  { log, metrics }: CommitContext,
): void => {
  const { kind, reason } = outcome
  metrics.count('commit_retries', { table: name, reason: kind })
  const level = kind === 'conflict' ? 'debug' : 'warn'
  const facts = {
    table: name,
    reason,
    tries,
    ...('advice' in outcome && { advice: outcome.advice }),
  }
  log(level, `a commit has to be looked at or tried again: ${kind}`, facts)
}

const reload = async (
  { identifier, metadata }: LoadedTable,
  group: ReadonlySet<NewDataFile>,
  context: CommitContext,
): Promise<LoadedTable> => {
  const signal = callSignal(group, context.clock)
  const loading = context.catalog.load(identifier, { signal })
  const table = await inTime(loading, signal, () => Promise.reject(tooLate(identifier.name)))
  if (table !== null && table.metadata['table-uuid'] === metadata['table-uuid']) return table
  throw table === null
    ? new OutdatedFilesError(`table ${identifier.name} is gone, try again`)
    : madeAnew(identifier.name)
}

/** The files are of another table than the one of that name. */
export const madeAnew = (name: string): IngestError =>
  new OutdatedFilesError(`table ${name} was made anew, try again`)

/** Whatever keeps files from a table, the sender is to keep them: nothing of it is the request's fault. */
export const unavailable = (error: unknown): IngestError =>
  error instanceof IngestError && error.retryable
    ? error
    : new IngestError('unavailable', 'the table could not be changed', { cause: error })
