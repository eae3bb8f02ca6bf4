// Protects the bytes of answers: the judge reads every count and message, and messages stay short and whole.
import { fromBinary, fromJsonString } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { exportResponse, rpcStatus } from '../../src/otlp/response.ts'
import { ExportLogsServiceResponseSchema } from '../judge/gen/logs_service_pb.ts'
import { ExportMetricsServiceResponseSchema } from '../judge/gen/metrics_service_pb.ts'
import { StatusSchema } from '../judge/gen/status_pb.ts'
import { ExportTraceServiceResponseSchema } from '../judge/gen/trace_service_pb.ts'

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

const responses = {
  logs: [ExportLogsServiceResponseSchema, 'rejectedLogRecords'],
  traces: [ExportTraceServiceResponseSchema, 'rejectedSpans'],
  metrics: [ExportMetricsServiceResponseSchema, 'rejectedDataPoints'],
} as const

describe.each(['logs', 'traces', 'metrics'] as const)('%s', (signal) => {
  const [schema, field] = responses[signal]

  test.each([1, 127, 128, 16_384, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER])(
    '%i rejected, in both encodings',
    (rejected) => {
      const partial = { rejected, message: 'grüße' }
      const expected = { [field]: BigInt(rejected), errorMessage: 'grüße' }
      const protobuf = fromBinary(schema, exportResponse(signal, 'protobuf', partial))
      const json = fromJsonString(schema, text(exportResponse(signal, 'json', partial)))
      expect(protobuf.partialSuccess).toMatchObject(expected)
      expect(json.partialSuccess).toMatchObject(expected)
    },
  )

  test('nothing rejected: the field is unset', () => {
    expect(exportResponse(signal, 'protobuf').length).toBe(0)
    expect(text(exportResponse(signal, 'json'))).toBe('{}')
  })
})

describe('a message', () => {
  const bytesOf = (message: string) => new TextEncoder().encode(message).length
  const read = (message: string) => [
    fromBinary(StatusSchema, rpcStatus('protobuf', 3, message)),
    fromJsonString(StatusSchema, text(rpcStatus('json', 3, message))),
  ]

  test.each([
    ['of 1 KiB', 'x'.repeat(1024)],
    ['of 1 KiB in four-byte characters', '𝄞'.repeat(256)],
    ['with quotes and line breaks', 'a "b" \\ \n \0'],
  ])('%s stays as it is', (_, message) => {
    for (const status of read(message)) expect(status).toMatchObject({ code: 3, message })
  })

  test.each([
    ['ASCII', 'x', 1021],
    ['two bytes', 'ü', 510],
    ['three bytes', '€', 340],
    ['four bytes', '𝄞', 255],
  ])('of more is cut between characters: %s', (_, character, kept) => {
    for (const { message } of read(character.repeat(1025))) {
      expect(message).toBe(`${character.repeat(kept)}…`)
      expect(bytesOf(message)).toBeLessThanOrEqual(1024)
    }
  })
})
