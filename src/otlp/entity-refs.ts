/** `Resource.entity_refs` as JSON text. */
import type { Utf8Vector } from '../arrow/vector.ts'
import type { StringColumn } from './columns.ts'
import type { StringsColumn } from './lists.ts'
import type { EntityRef, Resource } from './messages.ts'
import type { Rows } from './rows.ts'
import { quotedLength, Text } from './text.ts'
import * as vectors from './vectors.ts'

type References = Rows<typeof Resource.fields>['columns']['entity_refs']['rows']['columns']

/** For each of `length` resources the JSON array of its references, null where the resource itself is not `present`. */
export const entityRefs = (
  resources: Rows<typeof Resource.fields>,
  length: number,
  present: Uint8Array,
): Utf8Vector => {
  const { offsets, rows } = resources.columns.entity_refs
  const text = new Text()
  const ends = new Int32Array(length + 1)
  for (let i = 0; i < length; i++) {
    if (present[i] !== 0) {
      text.byte(openArray)
      for (let ref = offsets[i] as number; ref < (offsets[i + 1] as number); ref++) {
        if (ref > (offsets[i] as number)) text.byte(comma)
        writeReference(text, rows.columns, ref)
      }
      text.byte(closeArray)
    }
    ends[i + 1] = text.pos
  }
  const validity = vectors.bitmap(present, length)
  return { kind: 'utf8', length, validity, offsets: ends, data: text.data }
}

/** How many bytes of JSON text these references make, so far as it takes no look at their order. */
export const referencesSize = ({ n, columns }: Rows<typeof EntityRef.fields>): number =>
  n * emptyReference.length +
  [columns.schema_url, columns.type].reduce((size, column) => size + quotedSize(column, n), 0) +
  [columns.id_keys, columns.description_keys].reduce(
    (size, { strings, count }) => size + quotedSize(strings, count),
    0,
  )

/** What is written of a reference whose fields are empty, but for its empty strings. */
const emptyReference = '{"schemaUrl":,"type":,"idKeys":[],"descriptionKeys":[]},'

/** All strings of a column, each with a comma. */
const quotedSize = ({ text, offsets }: StringColumn, n: number): number =>
  quotedLength(text.data, 0, offsets[n] as number) - 2 + 3 * n

const comma = 0x2c
const openArray = 0x5b
const closeArray = 0x5d

/** One EntityRef under its fields' JSON names. */
const writeReference = (to: Text, columns: References, ref: number): void => {
  to.ascii('{"schemaUrl":')
  writeString(to, columns.schema_url, ref)
  to.ascii(',"type":')
  writeString(to, columns.type, ref)
  to.ascii(',"idKeys":')
  writeStrings(to, columns.id_keys, ref)
  to.ascii(',"descriptionKeys":')
  writeStrings(to, columns.description_keys, ref)
  to.ascii('}')
}

const writeString = (to: Text, { text, offsets }: StringColumn, i: number): void => {
  to.quoted(text.data, text.view, offsets[i] as number, offsets[i + 1] as number)
}

const writeStrings = (to: Text, { offsets, strings }: StringsColumn, i: number): void => {
  to.byte(openArray)
  for (let k = offsets[i] as number; k < (offsets[i + 1] as number); k++) {
    if (k > (offsets[i] as number)) to.byte(comma)
    writeString(to, strings, k)
  }
  to.byte(closeArray)
}
