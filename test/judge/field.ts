/** What the writers of all spellings know about a single field. */
import { type DescField, ScalarType } from '@bufbuild/protobuf'
import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt'

/** Whether a field without presence holds its default value, which need not be written. */
export const isDefault = (field: DescField, value: unknown): boolean => {
  if (field.presence !== FeatureSet_FieldPresence.IMPLICIT) return false
  if (value instanceof Uint8Array) return value.length === 0
  return value === '' || value === 0n || Object.is(value, 0) || value === false
}

/** How each scalar type that OTLP uses looks on the wire. */
const scalars = new Map<
  ScalarType,
  readonly [WireType, (writer: BinaryWriter, value: never) => unknown]
>([
  [ScalarType.STRING, [WireType.LengthDelimited, (w, value: string) => w.string(value)]],
  [ScalarType.BYTES, [WireType.LengthDelimited, (w, value: Uint8Array) => w.bytes(value)]],
  [ScalarType.BOOL, [WireType.Varint, (w, value: boolean) => w.bool(value)]],
  [ScalarType.DOUBLE, [WireType.Bit64, (w, value: number) => w.double(value)]],
  [ScalarType.FIXED64, [WireType.Bit64, (w, value: bigint) => w.fixed64(value)]],
  [ScalarType.SFIXED64, [WireType.Bit64, (w, value: bigint) => w.sfixed64(value)]],
  [ScalarType.INT64, [WireType.Varint, (w, value: bigint) => w.int64(value)]],
  [ScalarType.UINT64, [WireType.Varint, (w, value: bigint) => w.uint64(value)]],
  [ScalarType.INT32, [WireType.Varint, (w, value: number) => w.int32(value)]],
  [ScalarType.UINT32, [WireType.Varint, (w, value: number) => w.uint32(value)]],
  [ScalarType.SINT32, [WireType.Varint, (w, value: number) => w.sint32(value)]],
  [ScalarType.FIXED32, [WireType.Bit32, (w, value: number) => w.fixed32(value)]],
])

const scalarOf = (field: DescField) => {
  // Enum numbers travel as int32 (protobuf encoding, "Varints").
  const scalar = scalars.get(field.scalar ?? ScalarType.INT32)
  if (scalar === undefined) throw new Error(`no scalar of OTLP: ${field.name}`)
  return scalar
}

/** The wire type of a scalar or enum field's single value. */
export const wireType = (field: DescField): WireType => scalarOf(field)[0]

/** Writes a scalar or enum field's value, without its tag. */
export const writeScalar = (writer: BinaryWriter, field: DescField, value: unknown): void => {
  scalarOf(field)[1](writer, value as never)
}

/** Whether a field's values are bigints. */
export const is64 = (field: DescField): boolean =>
  [ScalarType.FIXED64, ScalarType.SFIXED64, ScalarType.INT64, ScalarType.UINT64].some(
    (type) => type === field.scalar,
  )
