/** One attempt at a commit: what is written before it. */
import { prepareAddition, type WrittenAddition } from './addition.ts'
import { type Append, appendTo } from './append.ts'
import type { LoadedTable } from './catalog.ts'
import type { ManifestFile } from './manifest-list.ts'
import type { BegunMerge, ManifestMerger } from './manifest-merger.ts'
import type { MetadataFiles } from './metadata-files.ts'
import type { NewDataFile } from './new-data-file.ts'
import type { Clock } from './retry.ts'
import { currentSnapshot } from './table-metadata.ts'

/** Files, and a snapshot with them on top of a table. */
export interface Attempt {
  readonly files: readonly NewDataFile[]
  readonly table: LoadedTable
  readonly addition: WrittenAddition
  /** Written. */
  readonly merges: readonly BegunMerge[]
  readonly append: Append
}

export interface AttemptContext {
  readonly files: MetadataFiles
  readonly merger: ManifestMerger
  readonly version: string
  readonly clock: Clock
}

/** Gives up a call to the storage that takes too long. */
export type WithinCall = <T>(call: Promise<T>) => Promise<T>

/**
 * Writes the manifests of `files` and the list that is to follow that of `table`; whatever serves of the last attempt is
 * not written again. The list always is when the table is another: with the old one, whatever came between would be lost.
 * `within` limits each call by itself: merging has a limit of its own, and what was merged in that time is not to be lost to
 * theirs.
 */
export const writeAttempt = async (
  files: readonly NewDataFile[],
  table: LoadedTable,
  last: Attempt | null,
  context: AttemptContext,
  within: WithinCall,
): Promise<Attempt> => {
  const isSame = last !== null && isSameFiles(last.files, files)
  if (isSame && last.table === table) return last
  const addition = isSame ? last.addition : await prepareAddition(files, table, context.version)
  const { metadata, io } = table
  const parent = currentSnapshot(metadata)
  const parents: readonly ManifestFile[] =
    parent === null ? [] : await within(context.files.list(parent['manifest-list'], io))
  const begun = await context.merger.merges(
    parents,
    addition.manifests.map((manifest) => manifest.partition_spec_id),
    table,
    last?.merges ?? [],
    Math.min(...files.map((file) => file.deadline)),
  )
  const appendWith = async (
    merges: readonly BegunMerge[],
    others: WrittenAddition['objects'],
  ): Promise<Append> => {
    const append = await appendTo(metadata, parents, addition, context.clock.now(), merges)
    const objects = [...others, append.list]
    await within(Promise.all(objects.map(({ path, bytes }) => io.put(path, bytes))))
    return append
  }
  const first = await appendWith(begun, isSame ? [] : addition.objects)
  const merges = await written(begun)
  const append = merges.length === begun.length ? first : await appendWith(merges, [])
  keep(append, addition, files, context)
  return { files, table, addition, merges, append }
}

/** They are written beside the list that names them, which goes to waste if they are not. */
const written = async (begun: readonly BegunMerge[]): Promise<readonly BegunMerge[]> => {
  const stand = await Promise.all(begun.map((merge) => merge.written))
  return begun.filter((_, i) => stand[i])
}

const isSameFiles = (some: readonly NewDataFile[], others: readonly NewDataFile[]): boolean =>
  some.length === others.length && some.every((file, i) => file === others[i])

/** The next search and the next attempt read what was written here. */
const keep = (
  { list, manifests }: Append,
  addition: WrittenAddition,
  files: readonly NewDataFile[],
  context: AttemptContext,
): void => {
  const { files: kept, merger } = context
  kept.keepList(list.path, manifests)
  const uuids = files.map(({ uuid }) => uuid)
  for (const { path, bytes } of addition.objects) {
    kept.keepUuids(path, uuids)
    merger.keep(path, bytes)
  }
}
