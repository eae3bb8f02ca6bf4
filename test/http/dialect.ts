/** How a server speaks beyond single cases: ours, and the OpenTelemetry Collector's otlpreceiver. */
import type { Case, Expected, ExpectedHeaders } from './case.ts'

export interface Dialect {
  readonly expected: (test: Case) => Expected
  /** Headers that every answer to this expectation has. */
  readonly headers: (expect: Expected) => ExpectedHeaders
  /** Whether answers with this status are messages in an encoding. */
  readonly encodesStatus: (status: number) => boolean
  /** Bodies of a success without rejected records: hex of protobuf, JSON text. */
  readonly emptyAnswers: { readonly protobuf: readonly string[]; readonly json: readonly string[] }
}

/** What otlp2parquet promises. */
export const ours: Dialect = {
  expected: ({ expect }) => expect,
  headers: ({ status }) => ({
    'X-Content-Type-Options': status === 204 ? /^(nosniff)?$/ : 'nosniff',
    'Retry-After': status === 503 ? '1' : null,
    ...(status >= 300 && status < 400 ? { Location: null } : {}),
  }),
  encodesStatus: () => true,
  emptyAnswers: { protobuf: [''], json: ['{}'] },
}

/**
 * The Collector. Standing differences, none of which a sender notices:
 * - no `X-Content-Type-Options`: it is about browsers, and ours may be reachable by them;
 * - success is `partial_success` present and empty (`0a00`): the specification wants it unset;
 * - 404, 405 and 415 are plain text: the specification wants a `Status` on every failure;
 * - 405 has no `Allow`: RFC 9110 requires it.
 * Differences of single cases stand beside them, with their reasons.
 */
export const collector: Dialect = {
  expected: ({ expect, collector }) => {
    if (collector === undefined) return { status: expect.status, ...only(expect, 'encoding') }
    return { status: collector.status }
  },
  headers: () => ({}),
  encodesStatus: (status) => status === 200 || status === 400,
  emptyAnswers: { protobuf: ['', '0a00'], json: ['{}', '{"partialSuccess":{}}'] },
}

const only = (expect: Expected, key: 'encoding') =>
  expect[key] === undefined ? {} : { [key]: expect[key] }
