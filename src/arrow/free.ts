import { freeLarge } from '../bytes.ts'
import type { RecordBatch } from './record-batch.ts'
import type { Vector } from './vector.ts'

/**
 * Gives the memory of a batch's large buffers back at once, but for those that one of `others` has too. The batch must not be
 * used any more.
 */
export const freeBatch = (batch: RecordBatch, others: readonly RecordBatch[] = []): void => {
  const kept = new Set(others.flatMap((other) => [...buffersOf(other)]))
  for (const buffer of buffersOf(batch)) {
    if (!kept.has(buffer)) freeLarge(buffer)
  }
}

function* buffersOf({ columns }: RecordBatch): Iterable<ArrayBufferLike> {
  for (const column of columns) for (const view of viewsOf(column)) yield view.buffer
}

const viewsOf = (vector: Vector): ArrayBufferView[] => {
  const validity = vector.validity === null ? [] : [vector.validity]
  switch (vector.kind) {
    case 'int32':
    case 'float64':
      return [...validity, vector.values]
    case 'int64':
      return [...validity, vector.halves]
    case 'bool':
      return [...validity, vector.bits]
    case 'utf8':
      return [...validity, vector.offsets, vector.data]
    case 'dictionary':
      return [...validity, vector.indices, ...viewsOf(vector.dictionary)]
    case 'list':
      return [...validity, vector.offsets, ...viewsOf(vector.values)]
  }
}
