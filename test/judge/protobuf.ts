/** Protobuf bytes of a request in spellings that mean the same as the plain one. */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { is64, isDefault, wireType, writeScalar } from './field.ts'
import { interleave, type Random } from './random.ts'
import { type Request, schemas, signalOf } from './request.ts'

/**
 * A request's bytes with its fields in any order, repeated numbers packed, unpacked or in pieces,
 * sub-messages split in two that merge, scalars written twice (the last counts), defaults written
 * out, unknown fields in between.
 */
export const toProtobufVariant = (request: Request, random: Random): Uint8Array<ArrayBuffer> =>
  new Variant(random).message(schemas[signalOf(request)], request)

type Fields = Readonly<Record<string, unknown>>

class Variant {
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  message(schema: DescMessage, message: object): Uint8Array<ArrayBuffer> {
    return this.#joined(this.#pieces(schema, message))
  }

  /** The message's fields as encoded pieces in a valid order. */
  #pieces(schema: DescMessage, message: object): Uint8Array[] {
    const streams = schema.members.map((member) =>
      member.kind === 'oneof'
        ? this.#oneof(member.fields, (message as Fields)[member.localName])
        : this.#field(member, (message as Fields)[member.localName]),
    )
    if (this.#random.oneIn(8)) streams.push([this.#unknown()])
    return this.#random.oneIn(2) ? interleave(streams, this.#random) : streams.flat()
  }

  /** The field that is set, sometimes behind another one whose value it takes away. */
  #oneof(fields: readonly DescField[], held: unknown): Uint8Array[] {
    const { case: name, value } = held as { case?: string; value?: unknown }
    const field = fields.find(({ localName }) => localName === name)
    if (field === undefined) return []
    const rival = fields[this.#random.below(fields.length)] as DescField
    const loses = rival !== field && this.#random.oneIn(12)
    return [...(loses ? [this.#decoy(rival)] : []), ...this.#set(field, value)]
  }

  #field(field: DescField, value: unknown): Uint8Array[] {
    if (value === undefined) return []
    if (field.fieldKind === 'list') return this.#list(field, value as readonly unknown[])
    if (isDefault(field, value) && !this.#random.oneIn(6)) return []
    return this.#set(field, value)
  }

  /** A singular field that is there: once, or in two pieces. */
  #set(field: DescField, value: unknown): Uint8Array[] {
    if (field.message !== undefined) return this.#subMessage(field, field.message, value as object)
    const once = this.#scalar(field, value)
    return this.#random.oneIn(12) ? [this.#decoy(field), once] : [once]
  }

  #subMessage(field: DescField, schema: DescMessage, value: object): Uint8Array[] {
    const pieces = this.#pieces(schema, value)
    if (!this.#random.oneIn(8)) return [this.#delimited(field.number, this.#joined(pieces))]
    const cut = this.#random.below(pieces.length + 1)
    return [pieces.slice(0, cut), pieces.slice(cut)].map((part) =>
      this.#delimited(field.number, this.#joined(part)),
    )
  }

  /** A value of a field that a later one replaces. */
  #decoy(field: DescField): Uint8Array {
    if (field.message !== undefined) return this.#delimited(field.number, new Uint8Array(0))
    if (field.scalar === ScalarType.STRING) return this.#scalar(field, 'lost')
    // An id of a wrong length would reject its record, replaced or not.
    if (field.scalar === ScalarType.BYTES)
      return this.#scalar(field, new Uint8Array(field.name === 'trace_id' ? 16 : 8))
    if (field.scalar === ScalarType.BOOL) return this.#scalar(field, true)
    return this.#scalar(field, is64(field) ? 77n : 77)
  }

  #list(field: DescField, items: readonly unknown[]): Uint8Array[] {
    const { message } = field
    if (message !== undefined)
      return items.map((item) =>
        this.#delimited(field.number, this.message(message, item as object)),
      )
    if (field.scalar === ScalarType.STRING) return items.map((item) => this.#scalar(field, item))
    if (this.#random.oneIn(3)) return items.map((item) => this.#scalar(field, item))
    const cut = this.#random.below(items.length + 1)
    return [items.slice(0, cut), items.slice(cut)]
      .filter((part) => part.length > 0 || this.#random.oneIn(8))
      .map((part) => this.#delimited(field.number, packed(field, part)))
  }

  #scalar(field: DescField, value: unknown): Uint8Array {
    const writer = new BinaryWriter().tag(field.number, wireType(field))
    writeScalar(writer, field, value)
    return writer.finish()
  }

  #delimited(number: number, bytes: Uint8Array): Uint8Array {
    return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish()
  }

  #unknown(): Uint8Array {
    const number = [15, 100, 1000, 536870911][this.#random.below(4)] as number
    // 15 is a known field of Span alone, and there a message.
    const tag = (wire: WireType) => new BinaryWriter().tag(number === 15 ? 99 : number, wire)
    switch (this.#random.below(4)) {
      case 0:
        return tag(WireType.Varint).int64(-1n).finish()
      case 1:
        return tag(WireType.Bit64).fixed64(1n).finish()
      case 2:
        return tag(WireType.Bit32).fixed32(1).finish()
      default:
        return tag(WireType.LengthDelimited).string('unknown').finish()
    }
  }

  #joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
    return new Uint8Array(Buffer.concat(pieces))
  }
}

const packed = (field: DescField, items: readonly unknown[]): Uint8Array => {
  const writer = new BinaryWriter()
  for (const item of items) writeScalar(writer, field, item)
  return writer.finish()
}
