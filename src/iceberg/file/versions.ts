/**
 * The versions of a table's metadata as objects: `metadata/vN.metadata.json`, and which one is the latest (Iceberg table
 * specification, "File System Tables"). Versions follow each other without a gap; old ones may be gone.
 */
import { equalBytes } from '../../bytes.ts'
import { type IngestError, OutdatedFilesError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { LoadedTable, TableIdentifier } from '../catalog.ts'
import { raiseHint, readHint, writeHint } from './hint.ts'
import { listVersions } from './listed-versions.ts'
import { tableUuid } from './metadata-text.ts'

/** Where a table is below the root: the `table` of what follows. */
export const tableKey = ({ namespace, name }: TableIdentifier): string =>
  [...namespace, name].join('/')

/** Where a version of a table's metadata is.  */
export const metadataKey = (table: string, version: number): string =>
  `${table}/metadata/v${version}.metadata.json`

export interface Version {
  readonly version: number
  readonly bytes: Uint8Array
}

/** A loaded table and the version of its metadata. */
export interface VersionedTable extends LoadedTable, Version {}

/**
 * The latest version; null where there is none. One round trip when that is `known`, the version that this caller saw last,
 * which is then given back itself. The hint may be behind, ahead, missing or nonsense; it has the word where it is ahead of
 * `known`, because what follows an old version may be what a writer put there that slept while others cleaned up.
 * `unavailable` where the latest cannot be told for sure.
 */
export const latestVersion = async (
  storage: Storage,
  table: string,
  known: Version | null,
): Promise<Version | null> => {
  const at = known?.version ?? 1
  const [hint, standing, next, isAnew] = await Promise.all([
    readHint(storage, table),
    known === null ? null : readVersion(storage, table, at),
    known === null ? null : readVersion(storage, table, at + 1),
    known !== null && isMadeAnew(storage, table, known),
  ])
  if (known !== null && (hint ?? 0) <= at && isSame(known, standing) && !isAnew) {
    return next === null ? known : climb(storage, table, known, next)
  }
  return (await climbFrom(storage, table, hint ?? 1)) ?? search(storage, table, hint)
}

const isSame = (known: Version, standing: Version | null): boolean =>
  standing !== null && equalBytes(known.bytes, standing.bytes)

const readVersion = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<Version | null> => {
  const bytes = await storage.get(metadataKey(table, version))
  return bytes && { version, bytes }
}

/**
 * The latest from a version on; null where that is not there, or not behind another of its table, whatever stands behind it:
 * the hint is not to be trusted.
 */
const climbFrom = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<Version | null> => {
  const [first, second, before, oldest] = await Promise.all([
    readVersion(storage, table, version),
    readVersion(storage, table, version + 1),
    readBefore(storage, table, version),
    // The second one's is read already.
    version > 2 ? readFirst(storage, table, version) : null,
  ])
  if (first === null) return null
  if (version > 1 && (before === null || !isOneTable([before, first.bytes]))) return null
  if (isOtherTable(oldest, first)) return null
  return second === null ? first : climb(storage, table, first, second)
}

/** Versions that are asked for at once first, and how many times more each time. */
const window = { first: 2, growth: 4, most: 512 } as const

/**
 * The latest from a version and the next on: more are looked for at once the further it goes. That it follows is seen by what
 * is before it and by `from`, which stand after it was seen: a put may arrive when its table is long gone, and lie in wait for
 * the next one of that name.
 */
const climb = async (
  storage: Storage,
  table: string,
  from: Version,
  next: Version,
): Promise<Version> => {
  const [last, isFromStanding] = await Promise.all([
    lastFrom(storage, table, next.version),
    isStanding(storage, table, from),
  ])
  const [found, before] =
    last === next.version
      ? [next, from.bytes]
      : await Promise.all([readVersion(storage, table, last), readBefore(storage, table, last)])
  // Removed since: so much has happened that this is no place to stand on.
  if (found === null || before === null || !isFromStanding) throw gone(last)
  if (!isOneTable([from.bytes, before, found.bytes])) throw await twoTables(storage, table, last)
  return found
}

const isOneTable = (versions: readonly Uint8Array[]): boolean =>
  new Set(versions.map(tableUuid)).size === 1

/**
 * Whether another table begins where this version's began: it was made anew, and what was left of the old one, or is still put
 * there, is none of it, even where it follows each other.
 */
export const isMadeAnew = async (
  storage: Storage,
  table: string,
  version: Version,
): Promise<boolean> => isOtherTable(await readFirst(storage, table, version.version), version)

/** The beginning of the first version, for another. */
const readFirst = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<Uint8Array | null> => (version === 1 ? null : readBeginning(storage, table, 1))

/** A first version that is gone tells nothing, as one of another writer that does not begin with its table's name. */
const isOtherTable = (first: Uint8Array | null, { bytes }: Version): boolean => {
  const uuid = first && tableUuid(first)
  return uuid !== null && uuid !== tableUuid(bytes)
}

/** A table that is made anew begins with version 1: what does not belong to that is of the one that was removed. */
const twoTables = async (storage: Storage, table: string, last: number): Promise<IngestError> => {
  const first = await readBeginning(storage, table, 1)
  const uuid = first && tableUuid(first)
  for (let version = last; uuid !== null && version > 1; version--) {
    const standing = await readBeginning(storage, table, version)
    if (standing !== null && tableUuid(standing) !== uuid) {
      return new OutdatedFilesError(
        `version ${version} of a table's metadata is of another table that was here before: remove it ` +
          '(version 1, if nobody made the table anew)',
      )
    }
  }
  return new OutdatedFilesError(`metadata of two tables lead to version ${last}`)
}

/** Where a version says which one of which table it is. */
const beginning = { start: 0, end: 1024 } as const

const readBeginning = (
  storage: Storage,
  table: string,
  version: number,
): Promise<Uint8Array | null> => storage.get(metadataKey(table, version), { range: beginning })

/** The beginning of the version before one; the first has none. */
const readBefore = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<Uint8Array | null> => (version === 1 ? null : readBeginning(storage, table, version - 1))

/** Whether a version stands, and none of another table in its place. */
export const isStanding = async (
  storage: Storage,
  table: string,
  { version, bytes }: Version,
): Promise<boolean> => {
  const standing = await readBeginning(storage, table, version)
  return standing !== null && equalBytes(standing, bytes.subarray(beginning.start, beginning.end))
}

/** The number of the last version that follows `version` without a gap. */
const lastFrom = async (storage: Storage, table: string, version: number): Promise<number> => {
  let last = version
  for (let size: number = window.first; ; size = Math.min(size * window.growth, window.most)) {
    const infos = await Promise.all(
      Array.from({ length: size }, (_, i) => storage.head(metadataKey(table, last + 1 + i))),
    )
    const standing = infos.indexOf(null)
    if (standing >= 0) return last + standing
    last += size
  }
}

/** The latest version by looking at everything that is there: the hint led nowhere. */
const search = async (
  storage: Storage,
  table: string,
  hint: number | null,
): Promise<Version | null> => {
  const versions = storage.capabilities.list ? await listVersions(storage, table) : []
  const latest = versions.at(-1)
  if (latest === undefined) {
    if (hint !== null) throw gone(hint)
    return null
  }
  const [found, before, oldest] = await Promise.all([
    readVersion(storage, table, latest),
    readBefore(storage, table, latest),
    readBeginning(storage, table, versions[0] ?? latest),
  ])
  if (found === null || oldest === null) throw gone(latest)
  // Metadata alone among its like: somebody removed the table while it was written.
  const isNamed = hint === latest && versions.length === 1
  if (latest > 1 && before === null && !isNamed) {
    throw new OutdatedFilesError(
      `of a table's metadata version ${latest} is left alone: remove it, or name it in version-hint.text`,
    )
  }
  if (!isOneTable([oldest, before ?? oldest, found.bytes])) {
    throw await twoTables(storage, table, latest)
  }
  await writeHint(storage, table, latest)
  return found
}

const gone = (version: number): IngestError =>
  new OutdatedFilesError(`a table's metadata is gone: version ${version}`)

/**
 * Names a version that was just put. Of writers that do so at once the last may be the one with the older version: each
 * looks again afterwards, so that the last hint of all is the latest version's.
 */
export const publish = async (storage: Storage, table: string, latest: Version): Promise<void> => {
  await raiseHint(storage, table, latest.version)
  await overtake(storage, table, latest)
}

/** Names the latest version where one stands behind `named`, which was just named. */
export const overtake = async (storage: Storage, table: string, named: Version): Promise<void> => {
  const next = await readVersion(storage, table, named.version + 1)
  if (next !== null) await publish(storage, table, await climb(storage, table, named, next))
}
