// Protects the samples: they say everything OTLP can say, protobuf and JSON say the same, and send.sh moves every time.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { type DescMessage, fromBinary } from '@bufbuild/protobuf'
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  firstNano,
  lastNano,
  sampleSchemas,
  sampleSignals,
  samplesFolder,
  timesOf,
  toProtobuf,
} from '../tools/samples.ts'

const read = (name: string): Buffer => readFileSync(join(samplesFolder, name))
const timesIn = (json: string): bigint[] =>
  [...json.matchAll(/"(\d{19})"/g)].map((m) => BigInt(m[1] ?? ''))

test.each(sampleSignals)('%s.pb is made from the JSON', (signal) => {
  const made = toProtobuf(signal, read(`${signal}.json`).toString())
  expect(read(`${signal}.pb`).equals(made)).toBe(true)
  expect(read(`${signal}.pb.times`).toString()).toBe(timesOf(made))
})

test.each(sampleSignals)('%s: every time can be moved', (signal) => {
  const times = timesIn(read(`${signal}.json`).toString())
  expect(times.length).toBeGreaterThan(0)
  expect(
    times.filter((time) => time / 10_000_000_000n !== 176_722_560n || time % 10_000n !== 0n),
  ).toEqual([])
  expect(read(`${signal}.pb.times`).toString().trim().split('\n')).toHaveLength(times.length)
})

/** Adds the fields that are set in a message, and in those within it. */
const collect = (message: ReflectMessage, found: Set<string>): void => {
  for (const field of message.fields) {
    if (!message.isSet(field)) continue
    found.add(`${message.desc.typeName}.${field.name}`)
    if (field.fieldKind === 'message') collect(message.get(field), found)
    if (field.fieldKind !== 'list' || field.listKind !== 'message') continue
    for (const each of message.get(field)) collect(each as ReflectMessage, found)
  }
}

/** Adds the fields that a message may have, and those of messages within it. */
const declare = (message: DescMessage, found: Set<string>): void => {
  for (const field of message.fields) {
    const name = `${message.typeName}.${field.name}`
    if (found.has(name)) continue
    found.add(name)
    if (field.message) declare(field.message, found)
  }
}

test('together they use every field of OTLP', () => {
  const found = new Set<string>()
  const declared = new Set<string>()
  for (const signal of sampleSignals) {
    const schema = sampleSchemas[signal]
    declare(schema, declared)
    collect(reflect(schema, fromBinary(schema, read(`${signal}.pb`))), found)
  }
  expect([...declared].filter((field) => !found.has(field))).toEqual([])
})

interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const received: Received[] = []
let server: Server
let url = ''
let status = 200
let answerTo: (headers: IncomingHttpHeaders) => string | Uint8Array = () => '{}'

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    received.push({
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    })
    response.writeHead(status).end(answerTo(request.headers))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())

const send = (...args: string[]) => promisify(execFile)(join(samplesFolder, 'send.sh'), args)

const kindOf = ({ path, headers }: Received): string =>
  `${path} ${headers['content-type']} ${headers['content-encoding'] ?? 'identity'}`

/** What a sample's times were moved by, when all were moved by the same; else undefined. */
const shiftOfJson = (signal: string, sent: string): bigint | undefined => {
  const sample = read(`${signal}.json`).toString()
  const shift = (timesIn(sent)[0] ?? 0n) - (timesIn(sample)[0] ?? 0n)
  const moved = sample.replace(/"(\d{19})"/g, (_, time) => `"${BigInt(time) + shift}"`)
  return isDeepStrictEqual(JSON.parse(moved), JSON.parse(sent)) ? shift : undefined
}

const shiftOfProtobuf = (signal: string, sent: Buffer): bigint | undefined => {
  const moved = read(`${signal}.pb`)
  const offsets = read(`${signal}.pb.times`).toString().match(/^\d+/gm)?.map(Number) ?? []
  const shift = sent.readBigUInt64LE(offsets[0]) - moved.readBigUInt64LE(offsets[0])
  for (const at of offsets) moved.writeBigUInt64LE(moved.readBigUInt64LE(at) + shift, at)
  return moved.equals(sent) ? shift : undefined
}

const shiftsOf = ({ path, headers, body }: Received): (bigint | undefined)[] => {
  const signal = path.slice('/v1/'.length)
  if (headers['content-type'] === 'application/x-protobuf') return [shiftOfProtobuf(signal, body)]
  const text = (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
  const requests =
    headers['content-type'] === 'application/x-ndjson' ? text.trim().split('\n') : [text]
  return requests.map((request) => shiftOfJson(signal, request))
}

test('send.sh sends each signal four ways, with the times of now', async () => {
  const { stdout } = await send('-H', 'Authorization: Bearer secret', `${url}/`)
  expect(stdout.match(/ 200$/gm)).toHaveLength(12)
  expect(received.map(kindOf)).toEqual(
    sampleSignals.flatMap((signal) => [
      `/v1/${signal} application/x-protobuf identity`,
      `/v1/${signal} application/json identity`,
      `/v1/${signal} application/json gzip`,
      `/v1/${signal} application/x-ndjson identity`,
    ]),
  )
  expect(received.filter(({ headers }) => headers.authorization !== 'Bearer secret')).toEqual([])

  const shifts = received.flatMap(shiftsOf)
  expect(shifts).toHaveLength(15)
  expect(new Set(shifts).size).toBe(15)
  const oldest = BigInt(Date.now() - 120_000) * 1_000_000n
  const latest = BigInt(Date.now()) * 1_000_000n
  const outside = shifts.filter(
    (shift) => shift === undefined || firstNano + shift < oldest || lastNano + shift > latest,
  )
  expect(outside).toEqual([])
})

describe('send.sh reads what an answer says', () => {
  afterEach(() => {
    answerTo = () => '{}'
  })
  const isJson = (headers: IncomingHttpHeaders) =>
    headers['content-type'] !== 'application/x-protobuf'

  test('that there is nothing to say of a part', async () => {
    // As a Collector answers, in either encoding.
    answerTo = (headers) => (isJson(headers) ? '{"partialSuccess":{}}' : Uint8Array.of(0x0a, 0))
    expect((await send(url)).stderr).toBe('')
  })
  test('that records were rejected', async () => {
    answerTo = (headers) =>
      isJson(headers)
        ? '{"partialSuccess":{"rejectedLogRecords":"1"}}'
        : Uint8Array.of(0x0a, 2, 8, 1)
    await expect(send(url)).rejects.toMatchObject({
      stderr: '12 of 12 requests got no 200 for every record\n',
    })
  })
})

test('send.sh says so when an answer is no 200', async () => {
  status = 503
  await expect(send(url)).rejects.toMatchObject({
    code: 1,
    stderr: '12 of 12 requests got no 200 for every record\n',
  })
})

test.each([
  ['--help', 0],
  ['--nonsense', 2],
])('send.sh %s', async (option, code) => {
  const result = await send(option).catch((error: unknown) => error)
  expect(result).toMatchObject(
    code === 0 ? { stdout: expect.stringContaining('usage:') } : { code },
  )
})
