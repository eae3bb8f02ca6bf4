/** Table metadata as the bytes of a version. */
import { concatenate } from '../../bytes.ts'
import { IngestError } from '../../errors.ts'
import { stringifyJson } from '../json.ts'
import { parseTableMetadata, type TableMetadata } from '../table-metadata.ts'

const encoder = new TextEncoder()

/**
 * A version's bytes. `before`: the metadata that they follow; what its lists had, which may be thousands of snapshots, is
 * not written but copied. `current-snapshot-id` is -1 where there is none, as Iceberg's own writers have it.
 */
export const metadataBytes = (
  metadata: TableMetadata,
  before?: TableMetadata,
): Uint8Array<ArrayBuffer> => {
  const spelled = { ...metadata, 'current-snapshot-id': metadata['current-snapshot-id'] ?? -1 }
  const known: Readonly<Record<string, unknown>> = { ...before }
  const members = Object.entries(spelled).filter(([, member]) => member !== undefined)
  const pieces = members.flatMap(([key, member], i) => [
    encoder.encode(`${i === 0 ? '{' : ','}${JSON.stringify(key)}:`),
    ...(Array.isArray(member)
      ? [bracket[0], itemBytes(member, known[key]), bracket[1]]
      : [encoder.encode(stringifyJson(member))]),
  ])
  return concatenate([...pieces, encoder.encode('}')])
}

const bracket = [encoder.encode('['), encoder.encode(']')] as const
const comma = encoder.encode(',')

/** The items of lists as they were written, by the list: nobody changes one. */
const written = new WeakMap<readonly unknown[], Uint8Array>()

const itemBytes = (list: readonly unknown[], before: unknown): Uint8Array => {
  const kept = written.get(list)
  if (kept !== undefined) return kept
  const begun = Array.isArray(before) && isBeginning(before, list) ? before : []
  const rest = encoder.encode(
    list
      .slice(begun.length)
      .map((item) => stringifyJson(item ?? null))
      .join(),
  )
  const bytes =
    begun.length === 0
      ? rest
      : list.length === begun.length
        ? itemBytes(begun, undefined)
        : concatenate([itemBytes(begun, undefined), comma, rest])
  written.set(list, bytes)
  return bytes
}

const isBeginning = (begun: readonly unknown[], list: readonly unknown[]): boolean =>
  begun.length <= list.length && begun.every((item, i) => item === list[i])

/** The metadata in a version's bytes. `unavailable` where they are none that this program can build on. */
export const readMetadata = (bytes: Uint8Array): TableMetadata => {
  const metadata = parsed(bytes)
  const codec = metadata.properties['write.metadata.compression-codec'] ?? 'none'
  // Another writer's next version would have another name, beside ours.
  if (codec !== 'none') {
    throw new IngestError(
      'unavailable',
      `a table has compressed metadata (${codec}): none is asked for`,
    )
  }
  return metadata
}

/** Which table a version is of, by its beginning; null where that does not say. */
export const tableUuid = (bytes: Uint8Array): string | null => {
  const text = new TextDecoder().decode(bytes.subarray(0, 1024))
  return /"table-uuid"\s*:\s*"([^"]*)"/.exec(text)?.[1]?.toLowerCase() ?? null
}

const parsed = (bytes: Uint8Array): TableMetadata => {
  try {
    return parseTableMetadata(new TextDecoder().decode(bytes))
  } catch (cause) {
    if (cause instanceof IngestError) throw cause
    throw new IngestError('unavailable', 'cannot read the metadata of a table', { cause })
  }
}

/** What stays of the metadata log where the table does not say ("Table properties"). */
const logLength = 100

/** "Metadata Log": `next` with the file that held the metadata before it, and as many more as the table asks for. */
export const nextMetadata = (
  next: TableMetadata,
  before: { readonly metadata: TableMetadata; readonly version: number },
): TableMetadata => {
  const asked = Number(next.properties['write.metadata.previous-versions-max'] ?? logLength)
  const entry = {
    'metadata-file': `${before.metadata.location}/metadata/v${before.version}.metadata.json`,
    'timestamp-ms': before.metadata['last-updated-ms'],
  }
  const kept = Number.isSafeInteger(asked) && asked > 0 ? asked : 1
  return { ...next, 'metadata-log': [...before.metadata['metadata-log'], entry].slice(-kept) }
}
