import type { LoadedTable } from '../iceberg/catalog.ts'
import { type Look, lookAt, noLook } from '../iceberg/landed.ts'
import type { NewDataFile } from '../iceberg/new-data-file.ts'
import type { Receipt } from './receipt.ts'

/**
 * The receipt for files that stand and were encoded for `base`. After it is written nothing more is to be done for them: who
 * goes on trying to commit may do so at any later time, when nobody remembers the file any more.
 * @throws when an object does not stand for certain: a receipt must not name it
 */
export const newReceipt = (
  { identifier, metadata }: LoadedTable,
  files: readonly NewDataFile[],
  request: Pick<Receipt, 'requestId' | 'receivedAt'>,
): Receipt => {
  if (!files.every(({ state }) => state === 'ours')) throw new Error('a receipt for no object')
  const looks = files.map(lastLook).sort((a, b) => a.sequence - b.sequence)
  const { sequence, snapshotId } = looks[0] ?? noLook
  return {
    ...request,
    identifier,
    tableUuid: metadata['table-uuid'],
    schemaId: metadata['current-schema-id'],
    baseSequence: sequence,
    ...(snapshotId !== undefined && { baseSnapshot: snapshotId }),
    files: files.map(({ uuid, specId, partition, dataFile }) => ({
      uuid,
      specId,
      partition,
      dataFile,
    })),
  }
}

/** A look that could not tell is none: whoever pays has to know that the file may have been in the table. */
const lastLook = ({ absentFrom, uncertain }: NewDataFile): Look =>
  uncertain || absentFrom === null ? noLook : lookAt(absentFrom.metadata)
