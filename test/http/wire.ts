/** Protobuf bytes by hand: the contract's cases need messages that no encoder would write. */
import { concatenate } from '../../src/bytes.ts'

type Part = Uint8Array | number

const encoder = new TextEncoder()

/** Bytes of a text. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text)

/** Parts in a row; a number is a byte. */
export const bytes = (...parts: readonly Part[]): Uint8Array<ArrayBuffer> =>
  concatenate(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part)))

/** A varint (base 128, low groups first); a negative number has ten bytes, as protobuf writes int64. */
export const varint = (value: number | bigint): Uint8Array<ArrayBuffer> => {
  const groups: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  for (; rest > 0x7fn; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80)
  return bytes(...groups, Number(rest))
}

/** A field's tag with a wire type: 0 varint, 1 64 bits, 2 delimited, 3 and 4 group, 5 32 bits. */
export const tag = (field: number, wireType: number) => varint(field * 8 + wireType)

/** A varint field. */
export const num = (field: number, value: number | bigint) => bytes(tag(field, 0), varint(value))

/** A length-delimited field that holds the parts: a message, a string, bytes, packed numbers. */
export const len = (field: number, ...parts: readonly Part[]) => {
  const content = bytes(...parts)
  return bytes(tag(field, 2), varint(content.length), content)
}

/** A string field. */
export const str = (field: number, text: string) => len(field, utf8(text))

const little = (size: number, write: (view: DataView) => void) => {
  const whole = new Uint8Array(size)
  write(new DataView(whole.buffer))
  return whole
}

/** Eight bytes of an integer. */
export const int64 = (value: number | bigint) =>
  little(8, (view) => view.setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true))

/** Eight bytes of a double. */
export const float64 = (value: number) => little(8, (view) => view.setFloat64(0, value, true))

/** A fixed64 or sfixed64 field. */
export const fix64 = (field: number, value: number | bigint) => bytes(tag(field, 1), int64(value))

/** A double field. */
export const dbl = (field: number, value: number) => bytes(tag(field, 1), float64(value))

/** A fixed32 field. */
export const fix32 = (field: number, value: number) =>
  bytes(
    tag(field, 5),
    little(4, (view) => view.setUint32(0, value, true)),
  )

/** Bytes from hex. */
export const hex = (digits: string) =>
  bytes(
    ...digits
      .replace(/\s/g, '')
      .match(/../g)!
      .map((d) => Number.parseInt(d, 16)),
  )

/** Bytes without the last `n`. */
export const cut = (whole: Uint8Array, n: number) => whole.slice(0, whole.length - n)

/** `ExportLogsServiceRequest` with one resource and scope: `log_records` of these fields. */
export const logsOf = (...records: readonly Uint8Array[]) =>
  len(1, len(2, ...records.map((r) => len(2, r))))

/** `ExportTraceServiceRequest`: spans of these fields. The nesting is the same. */
export const spansOf = logsOf

/** `ExportMetricsServiceRequest`: metrics of these fields. The nesting is the same. */
export const metricsOf = logsOf
