/** How a server speaks beyond single cases: ours, and the OpenTelemetry Collector's otlpreceiver. */
import type { Case, Expected, ExpectedHeaders } from './case.ts'
import { differenceOf } from './differences.ts'

/** How the body of an error looks: a `google.rpc.Status` in an encoding, plain text, or anything. */
export type ErrorBody = 'status' | 'text' | 'any'

export interface Dialect {
  readonly expected: (test: Case) => Expected
  /** Headers that every answer to this expectation has. */
  readonly headers: (expect: Expected) => ExpectedHeaders
  /** How errors of a status look. */
  readonly errorBody: (status: number) => ErrorBody
  /** The body of a success without rejected records: hex of protobuf, JSON text. */
  readonly emptyAnswers: { readonly protobuf: string; readonly json: string }
}

/** What otlp2parquet promises. */
export const ours: Dialect = {
  expected: ({ expect }) => expect,
  headers: ({ status }) => ({
    'X-Content-Type-Options': status === 204 ? /^(nosniff)?$/ : 'nosniff',
    'Retry-After': status === 503 ? '1' : null,
    Location: null,
  }),
  errorBody: () => 'status',
  emptyAnswers: { protobuf: '', json: '{}' },
}

/**
 * The Collector: our expectations but for the differences that hold for every answer, said here, and
 * those of single cases, listed in `differences.ts`. All of them are expected exactly, so that one
 * that is gone is noticed like one that is new.
 *
 * - No `X-Content-Type-Options`: it is about browsers, and ours may be reachable by them.
 * - A success has `partial_success` set and empty: the specification wants it unset.
 * - 404, 405 and 415 are plain text: the specification wants a `Status` on every failure.
 * - 405 has no `Allow`: RFC 9110, 15.5.6 requires it.
 * - Its messages are its own: they are for people.
 */
export const collector: Dialect = {
  expected: (test) => {
    const { status, encoding, rejected } = test.expect
    const answered = differenceOf(test)?.answer ?? { status, ...(rejected && { rejected }) }
    return { ...answered, ...(encoding && { encoding }) }
  },
  headers: ({ status }) => ({
    'X-Content-Type-Options': [404, 405, 415].includes(status) ? /^(nosniff)?$/ : null,
    'Retry-After': null,
    Allow: null,
  }),
  errorBody: (status) =>
    [404, 405, 415].includes(status) ? 'text' : status < 400 ? 'any' : 'status',
  emptyAnswers: { protobuf: '0a00', json: '{"partialSuccess":{}}' },
}
