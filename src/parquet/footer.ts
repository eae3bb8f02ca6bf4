/**
 * A Parquet file's footer: `FileMetaData` in Thrift's compact protocol, its length, `PAR1`.
 *
 * Not here yet: reading the counts, minima and maxima of the columns.
 */

/** Where the footer's metadata begins. `file` ends with 4 bytes of length and `PAR1`. */
const metadataStart = (file: Uint8Array): number => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  return file.length - 8 - view.getUint32(file.length - 8, true)
}

/** `FileMetaData.key_value_metadata` (field 5, a list of 1 struct) up to its only key. */
const arrowSchema = [0x19, 0x1c, 0x18, 12, ...new TextEncoder().encode('ARROW:schema')]

/** `FileMetaData.created_by`, one field after field 5, and two after field 4. */
const createdByAfterFive = 0x18
const createdByAfterFour = 0x28

/**
 * A copy of a file that parquet-wasm has written, without the Arrow schema in its footer: 5 KB for
 * 30 columns, more than a small file's data, and all it tells readers is which columns happened to
 * be dictionaries in our memory. A footer that does not look as expected stays as it is.
 */
export const withoutArrowSchema = (file: Uint8Array): Uint8Array => {
  const start = lastIndexOf(file, arrowSchema, metadataStart(file))
  if (start === -1) return file.slice()
  const [length, value] = varint(file, start + arrowSchema.length + 1)
  const end = value + length + 1 // and the struct's end
  if (file[end] !== createdByAfterFive) return file.slice()
  const result = new Uint8Array(file.length - (end - start))
  result.set(file.subarray(0, start))
  result.set(file.subarray(end), start)
  result[start] = createdByAfterFour
  const metadata = file.length - 8 - metadataStart(file) - (end - start)
  new DataView(result.buffer).setUint32(result.length - 8, metadata, true)
  return result
}

/** Where a pattern last begins at or after `from`, or -1. */
const lastIndexOf = (bytes: Uint8Array, pattern: readonly number[], from: number): number => {
  for (let at = bytes.length - pattern.length; at >= from; at--) {
    if (pattern.every((byte, i) => bytes[at + i] === byte)) return at
  }
  return -1
}

/** The unsigned LEB128 number at `at`, and where it ends. */
const varint = (bytes: Uint8Array, at: number): [value: number, end: number] => {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] ?? 0
    value += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) return [value, at]
  }
}
