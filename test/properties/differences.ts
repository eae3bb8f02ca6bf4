/** Where our decoder and the judge's differ on a body, and why each difference is wanted. */
import type { Body } from './judgement.ts'

export interface Difference {
  readonly name: string
  readonly encoding: Body['encoding']
  /** What each says: `accepted`, the message of its error, or ours that it gave fewer rows than the judge's reading. */
  readonly ours: RegExp
  readonly judges: RegExp
  readonly reason: string
  /** A body that shows it, as hex or as JSON text; of logs. */
  readonly example: string
}

const accepted = /^accepted$/

export const differences: readonly Difference[] = [
  {
    name: 'text that is no UTF-8',
    encoding: 'protobuf',
    ours: accepted,
    judges: /not valid for encoding utf-8/,
    reason: 'one bad string must not cost a batch: it is repaired with U+FFFD, and counted',
    // resource_logs.schema_url
    example: '0a03 1a01ff',
  },
  {
    name: "a field under another wire type than its type's",
    encoding: 'protobuf',
    ours: /another wire type/,
    judges: accepted,
    reason:
      'the judge reads the bytes as if they were of the right type; Go and the Collector refuse',
    // resource_logs.resource as a fixed64, whose first byte the judge takes for a length
    example: '0a02 0900',
  },
  {
    name: 'a value that goes past the end of the message around it',
    encoding: 'protobuf',
    ours: /past the end|ends within it|no such field number|no multiple of 8/,
    judges: accepted,
    reason: "the judge knows the body's end alone, and reads what belongs to the next message",
    // resource_logs.schema_url of five bytes where there is one
    example: '0a03 1a0561 62636465',
  },
  {
    name: 'a varint of more than 64 bits',
    encoding: 'protobuf',
    ours: /longer than 64 bits/,
    judges: accepted,
    reason: 'the judge drops the bits that are too many; Go and the Collector refuse',
    // An unknown field
    example: '9806 ffffffffffffffffff7f',
  },
  {
    name: 'a group',
    encoding: 'protobuf',
    ours: /groups/,
    judges: accepted,
    reason:
      'groups are deprecated, no message of OTLP ever had one, and skipping them needs recursion',
    example: '9b06 9c06',
  },
  {
    name: 'a value that cannot be stored, though a later one takes its place',
    encoding: 'protobuf',
    ours: /^more records rejected$/,
    judges: accepted,
    reason: 'no sender writes a field twice; to forget a rejection would cost time in every record',
    // time_unix_nano 2^63, then 1
    example: '0a16 1214 1212 090000000000000080 090100000000000000',
  },
  {
    name: 'a key that stands twice in an object',
    encoding: 'json',
    ours: accepted,
    judges: /duplicate object key|set multiple times$/,
    reason: 'RFC 8259 leaves it open; the last value counts and messages merge, as in protobuf',
    example: '{"resourceLogs":[],"resource_logs":[]}',
  },
  {
    name: 'several members of a oneof',
    encoding: 'json',
    ours: accepted,
    judges: /oneof set multiple times/,
    reason: 'the last one counts, as in protobuf',
    example:
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"boolValue":true,"intValue":1}}]}]}]}',
  },
  {
    name: 'a lone surrogate',
    encoding: 'json',
    ours: accepted,
    judges: /invalid UTF8/,
    reason: 'one bad string must not cost a batch: it is repaired with U+FFFD, and counted',
    example: '{"resourceLogs":[{"schemaUrl":"\\ud800"}]}',
  },
  {
    name: 'a null in a list, or instead of the request',
    encoding: 'json',
    ours: accepted,
    judges: /null/,
    reason:
      'null is absent everywhere: JavaScript writes NaN so, and some senders what they do not have',
    example: '{"resourceLogs":[null]}',
  },
  {
    name: 'an integer written with a point or an exponent, in quotes',
    encoding: 'json',
    ours: accepted,
    judges: /(1\.0|1e3) out of range|expected bigint/,
    reason: 'ProtoJSON lets numbers be quoted, and 1.0 be an integer',
    example: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1.0"}]}]}]}',
  },
  {
    name: 'an unknown enum name',
    encoding: 'json',
    ours: /an unknown enum name/,
    judges: accepted,
    reason: 'the judge takes it for an unknown field; its value would be lost without a word',
    example: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"LOUD"}]}]}]}',
  },
  {
    name: 'what only JavaScript takes for a number',
    encoding: 'json',
    ours: /expected an integer|expected a number/,
    judges: accepted,
    reason:
      'white space, hexadecimal digits and numbers so small that they are rounded to 0 are no integers in JSON',
    example: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"0x10"}]}]}]}',
  },
  {
    name: 'base64 with white space, or with padding in its midst',
    encoding: 'json',
    ours: /bad base64/,
    judges: accepted,
    reason: 'RFC 4648 knows neither, and what looks so was damaged on its way',
    example:
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"bytesValue":"AP8=AP8="}}]}]}]}',
  },
]
