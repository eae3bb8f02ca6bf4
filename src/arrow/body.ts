/** The body of an Arrow message: the buffers of its vectors, depth first, each on 8 bytes. */
import {
  type DictionaryVector,
  isValid,
  type ListVector,
  type Validity,
  type Vector,
} from './vector.ts'

interface Node {
  readonly length: number
  readonly nullCount: number
}

/** Where a buffer lies in the body, in bytes. */
interface Region {
  readonly offset: number
  readonly length: number
}

/** A body under construction. A buffer that several vectors share is put there once. */
export class Body {
  readonly nodes: Node[] = []
  readonly regions: Region[] = []
  /** The body itself: the vectors' own buffers and padding, in order. */
  readonly pieces: Uint8Array[] = []
  length = 0
  private readonly shared = new Map<ArrayBufferView, Region>()

  /** Appends the nodes and buffers of a vector; a dictionary is written as its indices. */
  add(vector: Vector): void {
    const { length } = vector
    const validity = vector.kind === 'dictionary' ? rowValidity(vector) : vector.validity
    const nullCount = countNulls(validity, length)
    this.nodes.push({ length, nullCount })
    this.buffer(validity, nullCount === 0 ? 0 : (length + 7) >> 3)
    if (vector.kind === 'utf8' || vector.kind === 'list') {
      this.buffer(vector.offsets, 4 * (length + 1))
    }
    if (vector.kind === 'list') this.add(vector.values)
    else this.buffer(...values(vector))
  }

  /** Appends the first `size` bytes of a buffer. */
  private buffer(view: ArrayBufferView | null, size: number): void {
    if (view === null || size === 0) {
      this.regions.push({ offset: this.length, length: 0 })
      return
    }
    let region = this.shared.get(view)
    if (region === undefined || region.length !== size) {
      region = { offset: this.length, length: size }
      this.shared.set(view, region)
      this.pieces.push(new Uint8Array(view.buffer, view.byteOffset, size))
      const padding = -size & 7
      if (padding > 0) this.pieces.push(zeros.subarray(0, padding))
      this.length += size + padding
    }
    this.regions.push(region)
  }
}

const zeros = new Uint8Array(8)

/** The buffer with a vector's values, and how many bytes of it hold them. */
const values = (vector: Exclude<Vector, ListVector>): [ArrayBufferView, number] => {
  const { length } = vector
  switch (vector.kind) {
    case 'int32':
      return [vector.values, 4 * length]
    case 'int64':
      return [vector.halves, 8 * length]
    case 'float64':
      return [vector.values, 8 * length]
    case 'bool':
      return [vector.bits, (length + 7) >> 3]
    case 'utf8':
      return [vector.data, vector.offsets[length] ?? 0]
    case 'dictionary':
      return [vector.indices, 4 * length]
  }
}

/** Which rows have a value: those whose index is valid and whose entry is not null. */
const rowValidity = ({ indices, dictionary, validity, length }: DictionaryVector): Validity => {
  const entries = dictionary.validity
  if (entries === null) return validity
  const rows = new Uint8Array((length + 7) >> 3)
  for (let i = 0; i < length; i++) {
    if (isValid(validity, i) && isValid(entries, indices[i] as number)) {
      rows[i >> 3] = (rows[i >> 3] as number) | (1 << (i & 7))
    }
  }
  return rows
}

/** How many of the first `length` bits are 0. */
const countNulls = (validity: Validity, length: number): number => {
  if (validity === null) return 0
  let valid = 0
  const whole = length >> 3
  for (let i = 0; i < whole; i++) valid += bitsIn(validity[i] as number)
  const rest = length & 7
  if (rest > 0) valid += bitsIn((validity[whole] as number) & ((1 << rest) - 1))
  return length - valid
}

/** The ones in a byte: counted in pairs, then fours, then eights. */
const bitsIn = (byte: number): number => {
  const pairs = byte - ((byte >> 1) & 0x55)
  const fours = (pairs & 0x33) + ((pairs >> 2) & 0x33)
  return (fours + (fours >> 4)) & 0x0f
}
