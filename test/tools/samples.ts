// Makes infra/samples/*.pb, and the list of where their times stand, from the JSON samples beside them.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DescMessage, fromJson, type JsonValue, toBinary } from '@bufbuild/protobuf'
import { ExportLogsServiceRequestSchema } from '../judge/gen/logs_service_pb.ts'
import { ExportMetricsServiceRequestSchema } from '../judge/gen/metrics_service_pb.ts'
import { ExportTraceServiceRequestSchema } from '../judge/gen/trace_service_pb.ts'

/** Every time of the samples lies in these ten seconds; `send.sh` moves them to the last ten. */
export const firstNano = 1_767_225_600_000_000_000n
export const lastNano = firstNano + 9_999_999_999n

/** What each sample is. */
export const sampleSchemas = {
  logs: ExportLogsServiceRequestSchema,
  traces: ExportTraceServiceRequestSchema,
  metrics: ExportMetricsServiceRequestSchema,
} as const satisfies Record<string, DescMessage>

export type SampleSignal = keyof typeof sampleSchemas

export const sampleSignals = Object.keys(sampleSchemas) as SampleSignal[]

/** The folder with the samples. */
export const samplesFolder = join(import.meta.dirname, '../../infra/samples')

/** How many rows the samples make, by the tables' folders. */
export const sampleRows: Readonly<Record<string, number>> = {
  logs: 6,
  traces: 5,
  'metrics/gauge': 6,
  'metrics/sum': 3,
  'metrics/histogram': 1,
  'metrics/exponential_histogram': 1,
  'metrics/summary': 1,
}

/** OTLP/JSON spells ids in hex, where proto3 JSON (which the judge reads) wants base64. */
const isId = (key: string): boolean => /^(trace|span|parentSpan)Id$/.test(key)

const hexToBase64 = (json: unknown, key = ''): JsonValue => {
  if (typeof json === 'string')
    return isId(key) ? Buffer.from(json, 'hex').toString('base64') : json
  if (Array.isArray(json)) return json.map((each) => hexToBase64(each))
  if (json === null || typeof json !== 'object') return json as JsonValue
  return Object.fromEntries(Object.entries(json).map(([k, v]) => [k, hexToBase64(v, k)]))
}

/** An OTLP/JSON request as protobuf, in the judge's hand. */
export const toProtobuf = (signal: SampleSignal, json: string): Uint8Array =>
  toBinary(sampleSchemas[signal], fromJson(sampleSchemas[signal], hexToBase64(JSON.parse(json))))

/** Where the times stand in a protobuf sample: a line `offset nanoseconds-after-the-first` for each, in order. */
export const timesOf = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const lines: string[] = []
  for (let offset = 0; offset + 8 <= bytes.length; offset++) {
    const value = view.getBigUint64(offset, true)
    if (value >= firstNano && value <= lastNano) lines.push(`${offset} ${value - firstNano}\n`)
  }
  return lines.join('')
}

/** A JSON sample whose times begin ten seconds into the minute before this one: all lie in that minute, and in the last hour. */
const stamped = (sample: string): string => {
  const minute = BigInt(Math.floor(Date.now() / 60_000) - 1) * 60_000_000_000n
  const shift = minute + 10_000_000_000n - firstNano
  return sample.replace(/"(\d{19})"/g, (_, time) => `"${BigInt(time) + shift}"`)
}

/**
 * Sends each JSON sample once, with the times of a minute ago.
 * @throws when an answer says anything but "all stored"
 */
export const sendSamples = async (url: string): Promise<void> => {
  for (const signal of sampleSignals) {
    const body = stamped(readFileSync(join(samplesFolder, `${signal}.json`), 'utf8'))
    const headers = { 'content-type': 'application/json' }
    const post = () => fetch(`${url}/v1/${signal}`, { method: 'POST', headers, body })
    let response = await post()
    // As senders do: a catalog that has just started may need longer than a request has.
    for (let again = 0; again < 3 && response.status === 503; again++) response = await post()
    const text = await response.text()
    if (!response.ok || text.includes('rejected'))
      throw new Error(`${signal}: ${response.status} ${text}`)
  }
}

if (import.meta.main) {
  for (const signal of sampleSignals) {
    const bytes = toProtobuf(signal, readFileSync(join(samplesFolder, `${signal}.json`), 'utf8'))
    writeFileSync(join(samplesFolder, `${signal}.pb`), bytes)
    writeFileSync(join(samplesFolder, `${signal}.pb.times`), timesOf(bytes))
  }
}
