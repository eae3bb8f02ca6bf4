/** The versions of a table's metadata as objects: `metadata/vN.metadata.json`, and which one is the latest. */
import { IngestError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'

/** Where a version of a table's metadata is. `table`: the table's own key. */
export const metadataKey = (table: string, version: number): string =>
  `${table}/metadata/v${version}.metadata.json`

const hintKey = (table: string): string => `${table}/metadata/version-hint.text`

/** Versions that are asked for at once behind the one known last. */
const lookahead = 2

export interface Version {
  readonly version: number
  readonly bytes: Uint8Array
}

/**
 * The latest version, found from the hint (or `known`, where the caller knows better) upwards; null where there is none.
 * The hint may be behind, never ahead.
 */
export const latestVersion = async (
  storage: Storage,
  table: string,
  known: number | null,
): Promise<Version | null> => {
  const hint = known ?? (await readHint(storage, table)) ?? 1
  const read = async (version: number) => {
    const bytes = await storage.get(metadataKey(table, version))
    return bytes === null ? null : { version, bytes }
  }
  let latest: Version | null = null
  for (let first = Math.max(1, hint); ; first += lookahead) {
    const versions = await Promise.all(Array.from({ length: lookahead }, (_, i) => read(first + i)))
    for (const version of versions) {
      if (version === null) return latest ?? missing(known ?? hint)
      latest = version
    }
  }
}

const missing = (hint: number): null => {
  if (hint <= 1) return null
  throw new IngestError('unavailable', `a table's metadata is gone: version ${hint}`)
}

/** The version that the hint names; null without one. */
export const readHint = async (storage: Storage, table: string): Promise<number | null> => {
  const bytes = await storage.get(hintKey(table))
  const version = bytes === null ? 0 : Number(new TextDecoder().decode(bytes))
  return Number.isSafeInteger(version) && version > 0 ? version : null
}

/** Names the latest version for those who look for it. */
export const writeHint = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<void> => {
  await storage.put(hintKey(table), new TextEncoder().encode(String(version)))
}
