/**
 * The hint at a table's latest version, for those who look for it: `metadata/version-hint.text` (Iceberg table specification,
 * "File System Tables"). It may be behind, ahead, missing or nonsense.
 */
import type { Storage, TaggedObject } from '../../storage/storage.ts'

const hintKey = (table: string): string => `${table}/metadata/version-hint.text`

/** The version that the hint names; null where it names none. */
export const readHint = async (storage: Storage, table: string): Promise<number | null> => {
  const bytes = await storage.get(hintKey(table))
  return bytes && versionIn(bytes)
}

const versionIn = (bytes: Uint8Array): number | null => {
  const text = new TextDecoder().decode(bytes).trim()
  const version = /^\d+$/.test(text) ? Number(text) : 0
  return Number.isSafeInteger(version) && version > 0 ? version : null
}

const bytesOf = (version: number): Uint8Array => new TextEncoder().encode(String(version))

/** A hint as it was seen, so that it can be moved on from there and from nowhere else. */
export interface SeenHint extends TaggedObject {
  readonly version: number | null
}

/** The hint as it is; null where there is none, or its storage gives no tags. */
export const seeHint = async (storage: Storage, table: string): Promise<SeenHint | null> => {
  const found = (await storage.tagged?.get(hintKey(table))) ?? null
  return found && { ...found, version: versionIn(found.bytes) }
}

/**
 * Moves the hint on to a version that stands, from an older one; whether it did. Where it says that it did, the hint named no
 * younger version then; where not, it may, or is another than was seen.
 */
export const moveHint = async (
  storage: Storage,
  table: string,
  seen: SeenHint | null,
  version: number,
): Promise<boolean> => {
  if (seen === null || (seen.version ?? 0) >= version) return false
  const result = await storage.tagged?.replace(hintKey(table), seen.tag, bytesOf(version))
  return result === 'replaced'
}

/** Has the hint say again what it said before it was moved on to `version`, if that is what it still says. */
export const takeBackHint = async (
  storage: Storage,
  table: string,
  seen: SeenHint,
  version: number,
): Promise<void> => {
  const standing = await seeHint(storage, table)
  if (standing?.version !== version) return
  await storage.tagged?.replace(hintKey(table), standing.tag, seen.bytes)
}

/** Names the latest version, whatever the hint says. */
export const writeHint = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<void> => {
  await storage.put(hintKey(table), bytesOf(version), { volatile: true })
}

/** Names a version that stands, unless a younger one is named: as surely as the storage can. */
export const raiseHint = async (
  storage: Storage,
  table: string,
  version: number,
): Promise<void> => {
  const seen = await seeHint(storage, table)
  if (seen !== null && (seen.version ?? 0) >= version) return
  // Others move it too, and some storages refuse what they should not.
  const isMoved = await moveHint(storage, table, seen, version).catch(() => false)
  if (!isMoved) await writeHint(storage, table, version)
}
