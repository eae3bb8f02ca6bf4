/** Parquet's RLE/bit-packing hybrid (Parquet, "Encodings", RLE = 3). */
import { ByteSink } from '../bytes.ts'

/** How many bits numbers up to `greatest` need. */
export const bitWidth = (greatest: number): number => 32 - Math.clz32(greatest)

/**
 * Writes numbers below `2 ** width` that come in runs: eight or more equal ones as a run, others
 * packed in groups of eight. `width` is from 1 to 24.
 */
export class RunLengthWriter {
  private readonly sink = new ByteSink(64)
  private readonly width: number
  /** The run that may still grow. */
  private number = 0
  private count = 0
  /** Numbers before it that wait to be packed. */
  private waiting: number[] = []

  constructor(width: number) {
    this.width = width
  }

  /** Adds a number, so many times. */
  add(number: number, count: number): void {
    if (number !== this.number) this.endRun()
    this.number = number
    this.count += count
  }

  /** Everything that was added. The last group is filled up with zeros. */
  finish(): Uint8Array {
    this.endRun()
    this.pack()
    return this.sink.written()
  }

  private endRun(): void {
    const { number, waiting } = this
    // Groups must be whole before a run begins.
    while (this.count > 0 && (waiting.length % 8 > 0 || this.count < 8)) {
      waiting.push(number)
      this.count--
    }
    if (this.count === 0) return
    this.pack()
    this.sink.varint(2 * this.count)
    for (let bits = 0; bits < this.width; bits += 8) this.sink.byte((number >>> bits) & 0xff)
    this.count = 0
  }

  private pack(): void {
    const { waiting, sink, width } = this
    if (waiting.length === 0) return
    while (waiting.length % 8 > 0) waiting.push(0)
    sink.varint((2 * waiting.length) / 8 + 1)
    let bits = 0
    let held = 0 // below 8 before each number: 24 more fit
    for (const number of waiting) {
      bits |= number << held
      for (held += width; held >= 8; held -= 8) {
        sink.byte(bits & 0xff)
        bits >>>= 8
      }
    }
    this.waiting = []
  }
}
