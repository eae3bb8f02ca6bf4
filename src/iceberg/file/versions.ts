/**
 * The versions of a table's metadata as objects: `metadata/vN.metadata.json`, and which one is the latest (Iceberg table
 * specification, "File System Tables"). Versions follow each other without a gap; old ones may be gone.
 */
import { equalBytes } from '../../bytes.ts'
import { IngestError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import type { LoadedTable, TableIdentifier } from '../catalog.ts'
import { listVersions } from './listed-versions.ts'

/** Where a table is below the root: the `table` of what follows. */
export const tableKey = ({ namespace, name }: TableIdentifier): string =>
  [...namespace, name].join('/')

/** Where a version of a table's metadata is.  */
export const metadataKey = (table: string, version: number): string =>
  `${table}/metadata/v${version}.metadata.json`

const hintKey = (table: string): string => `${table}/metadata/version-hint.text`

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
  const [hint, standing, next] = await Promise.all([
    readHint(storage, table),
    known === null ? null : readVersion(storage, table, at),
    known === null ? null : readVersion(storage, table, at + 1),
  ])
  if (known !== null && (hint ?? 0) <= at && isSame(known, standing)) {
    return next === null ? known : climb(storage, table, next)
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

/** The latest from a version on; null where that is not there, whatever stands behind it: the hint is not to be trusted. */
const climbFrom = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<Version | null> => {
  const [first, second] = await Promise.all([
    readVersion(storage, table, version),
    readVersion(storage, table, version + 1),
  ])
  return first === null || second === null ? first : climb(storage, table, second)
}

/** Versions that are asked for at once first, and how many times more each time. */
const window = { first: 2, growth: 4, most: 512 } as const

/** The latest from a version on that is there: more are looked for at once the further it goes. */
const climb = async (storage: Storage, table: string, from: Version): Promise<Version> => {
  const last = await lastFrom(storage, table, from.version)
  if (last === from.version) return from
  const found = await readVersion(storage, table, last)
  // Removed since: so much has happened that this is no place to stand on.
  if (found === null) throw gone(last)
  return found
}

/** The number of the last version that follows `version` without a gap. */
export const lastFrom = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<number> => {
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
  // Metadata alone among its like: somebody removed the table while it was written.
  if (latest > 1 && versions.at(-2) !== latest - 1) {
    throw new IngestError(
      'unavailable',
      `of a table's metadata only version ${latest} is left: remove it, or name it in version-hint.text`,
    )
  }
  const found = await readVersion(storage, table, latest)
  if (found === null) throw gone(latest)
  await writeHint(storage, table, latest)
  return found
}

const gone = (version: number): IngestError =>
  new IngestError('unavailable', `a table's metadata is gone: version ${version}`)

/** The version that the hint names; null where it names none. */
export const readHint = async (storage: Storage, table: string): Promise<number | null> => {
  const bytes = await storage.get(hintKey(table))
  const text = bytes === null ? '' : new TextDecoder().decode(bytes).trim()
  const version = /^\d+$/.test(text) ? Number(text) : 0
  return Number.isSafeInteger(version) && version > 0 ? version : null
}

/** Names the latest version for those who look for it. */
export const writeHint = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<void> => {
  const bytes = new TextEncoder().encode(String(version))
  await storage.put(hintKey(table), bytes, { volatile: true })
}

/**
 * Names a version that was just put. Of writers that do so at once the last may be the one with the older version: each
 * looks again afterwards, so that the last hint of all is the latest version's.
 */
export const publish = async (storage: Storage, table: string, version: number): Promise<void> => {
  await writeHint(storage, table, version)
  const next = await storage.head(metadataKey(table, version + 1))
  if (next !== null) await publish(storage, table, await lastFrom(storage, table, version + 1))
}
