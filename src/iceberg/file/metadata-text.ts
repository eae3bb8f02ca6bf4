/** Table metadata as the bytes of a version. */
import { IngestError } from '../../errors.ts'
import { stringifyLists } from '../json.ts'
import { parseTableMetadata, type TableMetadata } from '../table-metadata.ts'

/** `current-snapshot-id` is -1 where there is none, as Iceberg's own writers have it. */
export const metadataBytes = (metadata: TableMetadata): Uint8Array =>
  new TextEncoder().encode(
    stringifyLists({ ...metadata, 'current-snapshot-id': metadata['current-snapshot-id'] ?? -1 }),
  )

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
