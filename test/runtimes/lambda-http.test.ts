/**
 * Protects HTTP on Lambda: every case of the contract, made into each kind of event that AWS sends and
 * answered in its terms; and what only an event can show.
 */
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerEvent, receiveEvent } from '../../runtimes/lambda/http.ts'
import { type HttpEvent, isHttpEvent, requestOf } from '../../runtimes/lambda/http-event.ts'
import { groups } from '../http/cases/cases.ts'
import { problems } from '../http/check.ts'
import { type Served, serveInProcess } from '../http/serve.ts'
import { storedProblems } from '../http/stored.ts'
import { type EventKind, eventKinds, throughEvents } from './lambda-bridge.ts'

/** A REST API decides these itself, by 415 but for what is compressed twice: the program sees what it has inflated. */
const decidedByRest = /^(gzip|deflate): (not compressed at all|the body is empty|compressed twice)$/

describe.each(Object.keys(eventKinds) as EventKind[])('%s', (kind) => {
  describe.each(groups)('$name', ({ cases, configuration }) => {
    let served: Served
    beforeAll(async () => {
      served = await serveInProcess(configuration, {
        receive: receiveEvent,
        through: (fetch) => throughEvents(kind, fetch),
      })
    })
    afterAll(() => served.close())

    const arriving = cases.filter(({ name }) => kind !== 'REST API' || !decidedByRest.test(name))
    test.each(arriving.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
      const answer = await served.send(one.request)
      expect(problems(one, answer)).toEqual([])
      expect(storedProblems(one, await served.takeRows())).toEqual([])
    })
  })
})

const functionUrl: HttpEvent = {
  requestContext: { stage: '$default', http: { method: 'POST' } },
  rawPath: '/v1/logs',
}
const balancer: HttpEvent = { requestContext: { elb: {} }, httpMethod: 'POST', path: '/v1/logs' }

const answered = (event: HttpEvent, body: Uint8Array<ArrayBuffer> | string, type: string) =>
  answerEvent(event, 60_000, () => new Response(body, { headers: { 'Content-Type': type } }))

describe('answers', () => {
  test('protobuf goes in base64', async () => {
    const answer = await answered(functionUrl, Uint8Array.of(0xff, 0), 'application/x-protobuf')
    expect(answer).toMatchObject({ body: '/wA=', isBase64Encoded: true })
  })
  test('an empty protobuf answer is an empty body with its type', async () => {
    const answer = await answered(functionUrl, new Uint8Array(), 'application/x-protobuf')
    expect(answer).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/x-protobuf' },
      body: '',
      isBase64Encoded: false,
    })
  })
  test('JSON goes as text', async () => {
    const answer = await answered(functionUrl, '{"a":"é"}', 'application/json')
    expect(answer).toMatchObject({ body: '{"a":"é"}', isBase64Encoded: false })
  })
  test('a load balancer is told the status in words', async () => {
    const answer = await answered(balancer, '{}', 'application/json')
    expect(answer).toMatchObject({ statusDescription: '200 OK' })
    expect(answer.multiValueHeaders).toBeUndefined()
  })
  test('a load balancer that sent lists of headers gets lists', async () => {
    const answer = await answered({ ...balancer, multiValueHeaders: {} }, '{}', 'application/json')
    expect(answer.multiValueHeaders).toEqual({ 'content-type': ['application/json'] })
    expect(answer.headers).toBeUndefined()
  })
  test.each([
    ['a method that the fetch API refuses', { ...balancer, httpMethod: 'TRACE' }],
    ['a header that no header can be', { ...functionUrl, headers: { 'x-a': 'a\nb' } }],
    ['a number as the value of a header', { ...functionUrl, headers: { 'x-a': 1 as never } }],
  ])('%s is 400, and somebody is told', async (_name, event) => {
    let told = 0
    const refused = () => void told++
    const answer = await answerEvent(event, 60_000, () => expect.unreachable(), refused)
    expect(answer).toMatchObject({ statusCode: 400 })
    expect(told).toBe(1)
  })
})

describe('requests', () => {
  test('several values of a header are all there', () => {
    const event = { ...balancer, multiValueHeaders: { 'x-one': ['a', 'b'] } }
    expect(requestOf(event).request.headers.get('x-one')).toBe('a, b')
  })
  test.each([
    ['no stage', undefined, '/v1/logs', '/v1/logs'],
    ['a stage before it', 'prod', '/prod/v1/logs', '/v1/logs'],
    ['the base path before the stage', 'prod', '/otlp/prod/v1/logs', '/otlp/prod/v1/logs'],
    ['only letters of the stage', 'v', '/v1/logs', '/v1/logs'],
    ['a stage v1 behind a domain of its own', 'v1', '/v1/logs', '/v1/logs'],
    ['a stage v1 before it', 'v1', '/v1/v1/logs/', '/v1/logs/'],
  ])('the path with %s', (_name, stage, path, expected) => {
    const context = stage === undefined ? {} : { stage }
    const format1 = { httpMethod: 'POST', path, requestContext: context }
    const format2 = { rawPath: path, requestContext: { ...context, http: { method: 'POST' } } }
    for (const event of [format1, format2]) {
      expect(new URL(requestOf(event).request.url).pathname).toBe(expected)
    }
  })
  test('a header that is no Latin text is no reason to refuse', () => {
    const event = { ...functionUrl, headers: { 'user-agent': 'テスト é' } }
    const value = requestOf(event).request.headers.get('user-agent') ?? ''
    expect(Buffer.from(value, 'latin1').toString('utf8')).toBe('テスト é')
  })
  test.each([
    ['a Function URL', functionUrl, true],
    ['a load balancer', balancer, true],
    ['a schedule', { source: 'aws.events', detail: {} }, false],
    ['a direct command', { otlp2parquet: 'init' }, false],
    ['a queue', { Records: [] }, false],
    ['an authorizer', { ...balancer, type: 'REQUEST' }, false],
    ['a WebSocket', { ...balancer, requestContext: { connectionId: 'a' } }, false],
    ['null', null, false],
    ['text', 'text', false],
  ])('%s', (_name, event, expected) => {
    expect(isHttpEvent(event)).toBe(expected)
  })
})

const restApi: HttpEvent = {
  requestContext: { stage: 'prod' },
  httpMethod: 'POST',
  path: '/v1/logs',
}
const identity = { 'Content-Encoding': 'Identity, identity' }
const [gzip, protobuf, json] = [
  { 'Content-Encoding': 'gzip' },
  { 'Content-Type': 'application/x-protobuf' },
  { 'Content-Type': 'application/json' },
]

/** JSON that says U+FFFD of its own accord. */
const replaced = ' {"resourceLogs":[{"schemaUrl":"a\ufffdb"}]}'

describe('bodies', () => {
  test.each([
    ['inflated by a REST API', restApi, { body: '{}', headers: { ...gzip, ...json } }, null],
    ['still compressed', restApi, { body: 'H4sI', isBase64Encoded: true, headers: gzip }, 'gzip'],
    ['not compressed at all', functionUrl, { body: '{}', headers: gzip }, 'gzip'],
    ['inflated JSON behind blanks', restApi, { body: ' \r\n\t{}', headers: gzip }, null],
    ['inflated JSON behind a BOM', restApi, { body: '\ufeff{}', headers: gzip }, null],
    ['inflated JSON behind both', restApi, { body: '\ufeff {}', headers: gzip }, null],
    ['inflated protobuf', restApi, { body: '\n\0', headers: { ...gzip, ...protobuf } }, null],
    ['inflated, with U+FFFD', restApi, { body: replaced, headers: { ...gzip, ...json } }, null],
    ['nothing like JSON behind a blank', restApi, { body: ' a', headers: gzip }, 'gzip'],
  ])('%s', (_name, kind, part, expected) => {
    const { request, trouble } = requestOf({ ...kind, ...part })
    expect(trouble).toBeUndefined()
    expect(request.headers.get('content-encoding')).toBe(expected)
  })

  const lost = { body: '\n\ufffd' }
  const length = { 'Content-Length': '3' }
  test.each([
    ['protobuf as text in a REST API', { ...restApi, ...lost, headers: protobuf }, 'damaged'],
    ['gzip as text', { ...restApi, ...lost, headers: { ...json, ...gzip } }, 'damaged'],
    ['JSON that says U+FFFD itself', { ...restApi, ...lost, headers: json }, undefined],
    [
      'inflated JSON that says it',
      { ...restApi, body: replaced, headers: { ...json, ...gzip } },
      undefined,
    ],
    [
      'JSON without a coding that says it',
      { ...functionUrl, body: replaced, headers: { ...json, ...identity } },
      undefined,
    ],
    [
      'JSON that is said to be gzip elsewhere',
      { ...functionUrl, body: replaced, headers: { ...json, ...gzip } },
      undefined,
    ],
    [
      'protobuf without a coding',
      { ...functionUrl, ...lost, headers: { ...protobuf, ...identity } },
      'damaged',
    ],
    [
      'protobuf that was inflated',
      { ...restApi, ...lost, headers: { ...protobuf, ...gzip } },
      'damaged',
    ],
    [
      'what begins as JSON, and is none',
      { ...restApi, body: '{\ufffd', headers: { ...protobuf, ...gzip } },
      'damaged',
    ],
    [
      'real gzip as text',
      { ...restApi, body: gzipSync('{}').toString(), headers: { ...json, ...gzip } },
      'damaged',
    ],
    [
      'real zstd as text',
      { ...functionUrl, body: '(\ufffd/\ufffd', headers: { ...json, 'Content-Encoding': 'zstd' } },
      'damaged',
    ],
    ['protobuf in base64', { ...restApi, body: 'Cv8=', isBase64Encoded: true }, undefined],
    ['protobuf as text elsewhere', { ...functionUrl, ...lost, headers: protobuf }, 'damaged'],
    ['shorter than declared', { ...functionUrl, body: '{}', headers: length }, 'cut'],
    ['of that length', { ...functionUrl, body: '{} ', headers: length }, undefined],
    ['of that length in base64', { ...balancer, body: 'e30g', isBase64Encoded: true }, undefined],
  ])('lost on their way: %s', (_name, event, expected) => {
    expect(/ was (\w+) on its way/.exec(requestOf(event).trouble?.message ?? '')?.[1]).toBe(
      expected,
    )
  })

  test('lost on their way: nothing is taken, and the sender may try again', async () => {
    const env = { ...requestOf({ ...restApi, ...lost, headers: protobuf }), remainingMs: 1 }
    const taking = receiveEvent(env.request, env, () => expect.unreachable())
    await expect(taking).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
  })

  test.each([
    ['nothing', ''],
    ['with padding', 'e30='],
    ['without', 'e30'],
    ['of either alphabet', '-_+/'],
    ['in lines', 'e30K\r\ne30K\r\nCg==\r\n'],
  ])('base64: %s', (_name, body) => {
    for (const kind of [functionUrl, restApi, balancer]) {
      const { trouble, body: bytes } = requestOf({ ...kind, body, isBase64Encoded: true })
      expect(trouble).toBeUndefined()
      expect(bytes.length).toBe(Buffer.from(body, 'base64').length)
    }
  })

  test.each([
    ['JSON', '{"resourceLogs":[]}'],
    ['nothing of it', '!!!!'],
    ['one letter that is none', 'e30Ke30Ke3!K'],
    ['one letter too many', 'e30Ke'],
    ['a padding amid it', 'e30=e30K'],
    ['letters beyond ASCII', 'e30Ké30K'],
    ['paddings alone', '===='],
  ])('what is said to be base64, and is %s, is no request', async (_name, body) => {
    for (const kind of [functionUrl, restApi, balancer]) {
      for (const headers of [protobuf, { ...protobuf, ...gzip }]) {
        const { trouble } = requestOf({ ...kind, headers, body, isBase64Encoded: true })
        expect(trouble).toMatchObject({
          kind: 'malformed',
          message: expect.stringMatching('base64'),
        })
      }
    }
  })
})
