/** Merging on the way to a commit: in time, or not now. */
import { IngestError, KnownError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Merge } from './append.ts'
import type { LoadedTable } from './catalog.ts'
import type { ManifestFile } from './manifest-list.ts'
import { mergeManifests, standsFor } from './merge.ts'
import { chooseManifests } from './merge-choice.ts'
import { createRecent } from './recent.ts'
import { type Clock, inTime } from './retry.ts'

export interface MergerOptions {
  readonly clock: Clock
  readonly log: Log
  /** How many times as many manifests as a table asks for there are before they are merged; 1 without it. */
  readonly patience?: number
}

/** A merged manifest on its way to the storage. */
export interface BegunMerge extends Merge {
  /** Whether it stands, told in time: no list may name one that does not. Never fails. */
  readonly written: Promise<boolean>
}

export interface ManifestMerger {
  /**
   * Merged manifests that take the place of some in a list, being written. What was merged for the last attempt serves again
   * while every manifest that it replaces is in the list. Never fails: a commit without them is as good.
   * `deadline`: of the commit, milliseconds since 1970.
   */
  merges(
    parents: readonly ManifestFile[],
    specIds: readonly number[],
    table: LoadedTable,
    last: readonly BegunMerge[],
    deadline: number,
  ): Promise<readonly BegunMerge[]>
  /** A manifest that was written just now, which may have to be merged soon. */
  keep(path: string, bytes: Uint8Array): void
}

/** Of a commit's time merging may take so much, the writing included. */
const share = 1 / 3
/** Milliseconds: with less, merging is left to a commit that has more, and it is no failure. */
const leastMs = 500
/** After a failure: a manifest that cannot be read now will hardly be in a second. */
const pauseMs = 300_000
/** Bytes of manifests that are kept: of more commits than a merge waits for. */
const maxKept = 2 * 1024 * 1024

/** Merges the manifests of one table. */
export const createManifestMerger = ({
  clock,
  log,
  patience = 1,
}: MergerOptions): ManifestMerger => {
  const own = createRecent<Uint8Array>(maxKept, ({ length }) => length)
  let notBefore = 0

  const read = async (path: string, { io }: LoadedTable): Promise<Uint8Array> => {
    const bytes = (await own.get(path, async () => null)) ?? (await io.get(path))
    if (bytes === null) throw new IngestError('unavailable', 'a manifest of the table is gone')
    return bytes
  }
  const failed = ({ identifier: { name } }: LoadedTable, error: unknown): void => {
    notBefore = clock.now() + pauseMs
    log('warn', 'the manifests of a table could not be merged', { table: name, error })
  }
  const begin = async (
    manifests: readonly ManifestFile[],
    specId: number,
    table: LoadedTable,
    deadline: number,
  ): Promise<BegunMerge | null> => {
    const now = clock.now()
    const ms = Math.floor(share * (deadline - now))
    if (manifests.length === 0 || now < notBefore || ms < leastMs) return null
    const signal = clock.signal(now + ms)
    const late = () => Promise.reject(new KnownError('there is no time for it'))
    try {
      const merging = mergeManifests(manifests, specId, table.metadata, (path) => read(path, table))
      const merge = await inTime(merging, signal, late)
      if (merge === null) return null
      const path = merge.manifest.manifest_path
      // While it is small it is merged again with those that come.
      own.keep(path, merge.bytes)
      const writing = table.io.put(path, merge.bytes)
      const written = inTime(writing, signal, late).then(
        () => true,
        (error) => {
          failed(table, error)
          return false
        },
      )
      return { ...merge, written }
    } catch (error) {
      failed(table, error)
      return null
    }
  }

  return {
    async merges(parents, specIds, table, last, deadline) {
      const merges = await Promise.all(
        specIds.map(async (specId) => {
          const before = last.find(({ manifest }) => manifest.partition_spec_id === specId)
          if (before !== undefined && standsFor(before, parents)) return before
          const chosen = chooseManifests(parents, specId, table.metadata.properties, patience)
          return begin(chosen, specId, table, deadline)
        }),
      )
      return merges.filter((merge) => merge !== null)
    },
    keep: own.keep,
  }
}
