/**
 * Protects HTTP on Lambda: every case of the contract, made into each kind of event that AWS sends and
 * answered in its terms; and what only an event can show.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerEvent, receiveEvent } from '../../runtimes/lambda/http.ts'
import { type HttpEvent, isHttpEvent, requestOf } from '../../runtimes/lambda/http-event.ts'
import { groups } from '../http/cases/cases.ts'
import { problems } from '../http/check.ts'
import { type Served, serveInProcess } from '../http/serve.ts'
import { storedProblems } from '../http/stored.ts'
import { type EventKind, eventKinds, throughEvents } from './lambda-bridge.ts'

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

    test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
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
  test('a method that the fetch API refuses is 400', async () => {
    const trace = { ...balancer, httpMethod: 'TRACE' }
    expect(await answered(trace, '{}', 'application/json')).toMatchObject({ statusCode: 400 })
  })
})

describe('requests', () => {
  test('several values of a header are all there', () => {
    const event = { ...balancer, multiValueHeaders: { 'x-one': ['a', 'b'] } }
    expect(requestOf(event).request.headers.get('x-one')).toBe('a, b')
  })
  test('a path that only looks as if it began with the stage stays', () => {
    const event = {
      ...functionUrl,
      rawPath: '/v1/logs',
      requestContext: { stage: 'v', http: { method: 'POST' } },
    }
    expect(new URL(requestOf(event).request.url).pathname).toBe('/v1/logs')
  })
  test.each([
    ['a Function URL', functionUrl, true],
    ['a load balancer', balancer, true],
    ['a schedule', { source: 'aws.events', detail: {} }, false],
    ['a direct command', { otlp2parquet: 'init' }, false],
    ['a queue', { Records: [] }, false],
    ['null', null, false],
    ['text', 'text', false],
  ])('%s', (_name, event, expected) => {
    expect(isHttpEvent(event)).toBe(expected)
  })
})
