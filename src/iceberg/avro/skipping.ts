import type { BinaryDecoder } from './binary-decoder.ts'
import { type AvroPrimitive, type AvroSchema, isUnion } from './schema.ts'

/** Passes a value without looking at it. */
export type Skip = (from: BinaryDecoder) => void

/** How values of a schema are passed. */
export const skipOf = (schema: AvroSchema): Skip => {
  if (isUnion(schema)) {
    const branches = schema.map(skipOf)
    return (from) => branchOf(branches, from)(from)
  }
  if (typeof schema === 'string') return primitives[schema]
  switch (schema.type) {
    case 'record': {
      const fields = schema.fields.map(({ type }) => skipOf(type))
      return (from) => {
        for (const skip of fields) skip(from)
      }
    }
    case 'array':
      return skipBlocks(skipOf(schema.items))
    case 'map': {
      const skip = skipOf(schema.values)
      return skipBlocks((from) => {
        skipBytes(from)
        skip(from)
      })
    }
    case 'fixed':
      return (from) => from.skip(schema.size)
    default:
      return primitives[schema.type]
  }
}

/** What belongs to the branch of a union that comes next. */
export const branchOf = <T>(branches: readonly T[], from: BinaryDecoder): T => {
  const branch = branches[from.int()]
  if (branch === undefined) throw new Error('an Avro union without that branch')
  return branch
}

/** A block that says its size is passed as a whole. */
const skipBlocks =
  (skip: Skip): Skip =>
  (from) => {
    for (let count = from.int(); count !== 0; count = from.int()) {
      if (count < 0) from.skip(from.int())
      else for (let i = count; i > 0; i--) skip(from)
    }
  }

const skipBytes: Skip = (from) => from.skip(from.int())
const skipLong: Skip = (from) => from.skipLong()

const primitives: Readonly<Record<AvroPrimitive, Skip>> = {
  null: () => {},
  boolean: (from) => from.skip(1),
  int: skipLong,
  long: skipLong,
  float: (from) => from.skip(4),
  double: (from) => from.skip(8),
  bytes: skipBytes,
  string: skipBytes,
}
