/**
 * How a field is written: the scalar types of opentelemetry-proto, and five of our own: labels (strings that repeat),
 * ids, attribute lists, AnyValue and the two ways to hold a message.
 */
export const FIXED64 = 1
export const SFIXED64 = 2
export const UINT64 = 3
export const FIXED32 = 4
export const UINT32 = 5
export const INT32 = 6
export const SINT32 = 7
export const ENUM = 8
export const BOOL = 9
export const DOUBLE = 10
export const STRING = 11
export const LABEL = 12
export const ID = 13
export const ATTRIBUTES = 14
export const ANY_VALUE = 15
export const MESSAGE = 16
export const MESSAGES = 17
export const FIXED64S = 18
export const UINT64S = 19
export const DOUBLES = 20
export const STRINGS = 21

export type Op =
  | typeof FIXED64
  | typeof SFIXED64
  | typeof UINT64
  | typeof FIXED32
  | typeof UINT32
  | typeof INT32
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
  [UINT64]: [VARINT],
  [FIXED32]: [I32],
  [UINT32]: [VARINT],
  [INT32]: [VARINT],
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
