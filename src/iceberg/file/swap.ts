/** How a table's metadata is swapped for the next. */
import { equalBytes } from '../../bytes.ts'
import type { Log } from '../../log.ts'
import type { Storage } from '../../storage/storage.ts'
import type { CommitOutcome, TableIdentifier } from '../catalog.ts'
import { hasAddedSnapshots, type TableUpdate } from '../table-updates.ts'
import { moveHint, raiseHint, readHint, type SeenHint, seeHint, takeBackHint } from './hint.ts'
import {
  isMadeAnew,
  isStanding,
  metadataKey,
  overtake,
  tableKey,
  type VersionedTable,
} from './versions.ts'

/** What a swap needs of its catalog. */
export interface TableStore {
  readonly storage: Storage
  readonly log: Log
  readonly now: () => number
  readonly load: (identifier: TableIdentifier) => Promise<VersionedTable | null>
  /** Remembers a table as the latest. */
  readonly seen: (table: VersionedTable) => VersionedTable
}

/** Metadata younger than this has not been overtaken by a hundred versions that then were removed, whatever clocks say. */
const certainMs = 5_000

/**
 * Puts `next`, the version after `base`, where none is.
 * @throws what the storage says when it cannot tell: then it may stand
 */
export const swap = async (
  base: VersionedTable,
  next: VersionedTable,
  updates: readonly TableUpdate[],
  store: TableStore,
): Promise<CommitOutcome> => {
  const { storage, now, seen } = store
  const key = tableKey(next.identifier)
  const [result, hint] = await Promise.all([
    storage.put(metadataKey(key, next.version), next.bytes, { ifNoneMatch: '*' }),
    // Without it, it is moved on later.
    seeHint(storage, key).catch(() => null),
  ])
  if (result === 'exists' && !(await isItself(storage, next))) {
    return conflict(`version ${next.version} is there already`)
  }
  // Somebody may have removed the table while it was written, and left something of it beside one that he made anew. Looked
  // for after the put: who makes a table looks that nothing is left of another before, so that one of the two sees the other.
  const [isThere, isAnew, isTold] = await Promise.all([
    isStanding(storage, key, base),
    isMadeAnew(storage, key, base),
    moveHint(storage, key, hint, next.version).catch(() => false),
  ])
  if (!isThere || isAnew) {
    if (isTold) await takeBack(hint, next, store)
    return unknown(`version ${base.version} is gone`)
  }
  const isLate = now() - base.loadedAt > certainMs
  // A hint that was moved on was not ahead.
  if (isLate && !isTold && !(await isFirst(storage, next))) {
    return confirm(next.identifier, updates, store)
  }
  await publishHint(next, store, isTold ? null : raiseHint)
  return { kind: 'committed', table: seen(next) }
}

/** Tells readers which version is the latest, if they are not told; that it cannot is no reason to fail. */
export const publishHint = async (
  latest: VersionedTable,
  { storage, log }: TableStore,
  tell: typeof raiseHint | null,
): Promise<void> => {
  const table = tableKey(latest.identifier)
  const failed = (error: unknown) =>
    log('warn', 'a version hint could not be written', { table, error })
  await Promise.resolve(tell?.(storage, table, latest.version)).then(
    // Nobody has to wait until it is known that no older hint came later.
    () => void overtake(storage, table, latest).catch(failed),
    failed,
  )
}

/** Without the version before it the one that was just put is of no table that anybody should be told of. */
const takeBack = async (
  hint: SeenHint | null,
  { identifier, version }: VersionedTable,
  { storage, log }: TableStore,
): Promise<void> => {
  if (hint === null) return
  const table = tableKey(identifier)
  await takeBackHint(storage, table, hint, version).catch((error: unknown) =>
    log('warn', 'a version hint could not be taken back', { table, error }),
  )
}

/** Whether snapshots that may have been overtaken by others are in the table, or have fallen behind it. */
const confirm = async (
  identifier: TableIdentifier,
  updates: readonly TableUpdate[],
  { load }: TableStore,
): Promise<CommitOutcome> => {
  const table = await load(identifier)
  const isTold = updates.some(({ action }) => action === 'add-snapshot')
  return table !== null && isTold && hasAddedSnapshots(table.metadata, updates)
    ? { kind: 'committed', table }
    : unknown('others were faster, and it cannot be told by how much')
}

/** Whether the version that stands is this one, as where an earlier answer to the same put was lost. */
export const isItself = async (
  storage: Storage,
  { identifier, version, bytes }: VersionedTable,
): Promise<boolean> => {
  const standing = await storage.get(metadataKey(tableKey(identifier), version))
  return standing !== null && equalBytes(standing, bytes)
}

/**
 * Whether a version that was just put is the first of its number: none was there that has been removed. Old versions are
 * removed before younger ones, so the one before it, which was seen standing, would be gone too; and the hint would be ahead.
 */
const isFirst = async (storage: Storage, { identifier, version }: VersionedTable) =>
  ((await readHint(storage, tableKey(identifier))) ?? 0) <= version

/** The outcome of a commit that changed nothing. */
export const conflict = (reason: string): CommitOutcome => ({ kind: 'conflict', reason })

/** The outcome of a commit that may have changed the table, or may yet. */
export const unknown = (reason: string): CommitOutcome => ({
  kind: 'unknown',
  retryAfterMs: 0,
  reason,
})
