/** Arrays that grow. */

/** Bytes from which on the memory of the smaller array is given back at once: the garbage collector lets much of it pile up. */
const large = 4096

/** A typed array of at least `length` values that begins with `values`, which must not be used any more. */
export const grown = <
  T extends Uint8Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>,
>(
  values: T,
  length: number,
): T => {
  if (values.length >= length) return values
  const made = values.constructor as { new (length: number): T; new (buffer: ArrayBuffer): T }
  if (values.byteLength >= large) {
    return new made(values.buffer.transfer(length * values.BYTES_PER_ELEMENT))
  }
  const more = new made(length)
  more.set(values)
  return more
}
