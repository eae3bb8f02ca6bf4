/** Parquet's RLE/bit-packing hybrid (Parquet, "Encodings", RLE = 3). */
import type { ByteSink } from './byte-sink.ts'

/** How many bits numbers up to `greatest` need. */
export const bitWidth = (greatest: number): number => 32 - Math.clz32(greatest)

/**
 * Writes the numbers, each below `2 ** width`: eight or more equal ones as a run, others packed in
 * groups of eight. `width` is from 1 to 24.
 */
export const writeRunLength = (sink: ByteSink, numbers: Int32Array, width: number): void => {
  let packed = 0 // where the numbers that wait to be packed begin
  for (let at = 0; at < numbers.length; ) {
    const run = runAt(numbers, at)
    if (run < 8) {
      at += 8
      continue
    }
    writePacked(sink, numbers.subarray(packed, at), width)
    sink.varint(2 * run)
    for (let bits = 0; bits < width; bits += 8) sink.byte((numbers[at] as number) >>> bits)
    packed = at += run
  }
  writePacked(sink, numbers.subarray(packed), width)
}

const runAt = (numbers: Int32Array, start: number): number => {
  const number = numbers[start]
  let end = start + 1
  while (end < numbers.length && numbers[end] === number) end++
  return end - start
}

/** Whole groups of eight; only the file's last one is filled up with zeros. */
const writePacked = (sink: ByteSink, numbers: Int32Array, width: number): void => {
  if (numbers.length === 0) return
  const groups = Math.ceil(numbers.length / 8)
  sink.varint(2 * groups + 1)
  let bits = 0
  let held = 0 // below 8 before each number: 24 more fit
  for (let i = 0; i < 8 * groups; i++) {
    bits |= (numbers[i] ?? 0) << held
    for (held += width; held >= 8; held -= 8) {
      sink.byte(bits & 0xff)
      bits >>>= 8
    }
  }
}
