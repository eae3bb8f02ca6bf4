/**
 * How a field is written: the scalar types of opentelemetry-proto, and five of our own: labels (strings that repeat),
 * ids, attribute lists, AnyValue and the two ways to hold a message.
 */
export const FIXED64 = 1
export const SFIXED64 = 2
export const FIXED32 = 3
export const UINT32 = 4
export const SINT32 = 5
export const ENUM = 6
export const BOOL = 7
export const DOUBLE = 8
export const STRING = 9
export const LABEL = 10
export const ID = 11
export const ATTRIBUTES = 12
export const ANY_VALUE = 13
export const MESSAGE = 14
export const MESSAGES = 15
export const FIXED64S = 16
export const UINT64S = 17
export const DOUBLES = 18
export const STRINGS = 19

export type Op =
  | typeof FIXED64
  | typeof SFIXED64
  | typeof FIXED32
  | typeof UINT32
  | typeof SINT32
  | typeof ENUM
  | typeof BOOL
  | typeof DOUBLE
  | typeof STRING
  | typeof LABEL
  | typeof ID
  | typeof ATTRIBUTES
  | typeof ANY_VALUE
  | typeof MESSAGE
  | typeof MESSAGES
  | typeof FIXED64S
  | typeof UINT64S
  | typeof DOUBLES
  | typeof STRINGS

// Wire types (protobuf encoding, "Message Structure"); 3 and 4, groups, are refused.
const VARINT = 0
const I64 = 1
const LEN = 2
const I32 = 5

/** The wire types under which a field of each type may come: repeated numbers packed (first) and not. */
export const wireTypes: Readonly<Record<Op, readonly number[]>> = {
  [FIXED64]: [I64],
  [SFIXED64]: [I64],
  [FIXED32]: [I32],
  [UINT32]: [VARINT],
  [SINT32]: [VARINT],
  [ENUM]: [VARINT],
  [BOOL]: [VARINT],
  [DOUBLE]: [I64],
  [STRING]: [LEN],
  [LABEL]: [LEN],
  [ID]: [LEN],
  [ATTRIBUTES]: [LEN],
  [ANY_VALUE]: [LEN],
  [MESSAGE]: [LEN],
  [MESSAGES]: [LEN],
  [FIXED64S]: [LEN, I64],
  [UINT64S]: [LEN, VARINT],
  [DOUBLES]: [LEN, I64],
  [STRINGS]: [LEN],
}
