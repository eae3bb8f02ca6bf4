/**
 * A record batch as an Arrow IPC stream (Arrow columnar format, "IPC Streaming Format").
 *
 * Of apache-arrow only the generated code for the messages is used: our buffers have Arrow's layout
 * already. Measured against its `makeData` and `tableToIPC`, CPU time: a batch of 10,000 logs 0.3 ms
 * instead of 7.8, of 100 logs 0.16 instead of 0.72 (they copy every buffer twice); loading it,
 * bundled, 4 ms instead of 24, and 48 KB instead of 322.
 */
import { Body } from './body.ts'
import { dictionaryMessage, endOfStream, recordBatchMessage } from './message.ts'
import type { RecordBatch } from './record-batch.ts'
import { leafOf, schemaMessage } from './schema.ts'

/**
 * The stream of one batch as the pieces it consists of, in order: the batch's own buffers and small
 * blocks between them. Nothing of the batch is copied; who needs one block joins them.
 */
export const toIpc = (batch: RecordBatch): Uint8Array[] => {
  const pieces = [schemaMessage(batch)]
  for (const [id, vector] of batch.columns.entries()) {
    const leaf = leafOf(vector)
    if (leaf.kind !== 'dictionary') continue
    const body = new Body()
    // Rows with a null entry are null themselves (body.ts), so the entries need no bitmap.
    body.add({ ...leaf.dictionary, validity: null })
    pieces.push(dictionaryMessage(id, body, leaf.dictionary.length), ...body.pieces)
  }
  const body = new Body()
  for (const vector of batch.columns) body.add(vector)
  pieces.push(recordBatchMessage(body, batch.numRows), ...body.pieces, endOfStream)
  return pieces
}
