/** Spans as an HTTP server makes them: six attributes, an event in a quarter, a link in a tenth. */
import { create } from '@bufbuild/protobuf'
import { type Span_SpanKind, SpanSchema } from '../judge/gen/trace_pb.ts'
import { schemas } from '../judge/request.ts'
import { type Draws, draws, named, resource, scopesOf, words } from './values.ts'

/** A request of so many spans. */
export const tracesRequest = (count: number) => {
  const dice = draws(count)
  const records = Array.from({ length: count }, (_, i) => span(i, dice))
  return create(schemas.traces, {
    resourceSpans: [
      {
        resource: resource(),
        scopeSpans: scopesOf(records).map(({ scope, records }) => ({ scope, spans: records })),
      },
    ],
  })
}

const span = (i: number, dice: Draws) => {
  const start = dice.time(i)
  const route = dice.pick(words.routes)
  const method = dice.pick(words.methods)
  const failed = dice.oneIn(20)
  return create(SpanSchema, {
    traceId: dice.bytes(16),
    spanId: dice.bytes(8),
    parentSpanId: dice.oneIn(4) ? new Uint8Array() : dice.bytes(8),
    name: `${method} ${route}`,
    kind: (1 + dice.below(5)) as Span_SpanKind,
    flags: 0x101,
    startTimeUnixNano: start,
    endTimeUnixNano: start + BigInt(dice.below(50_000_000)),
    attributes: named({
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': dice.pick(words.statuses),
      'url.path': `${route.replace(':id', String(dice.below(1e6)))}`,
      'client.address': `10.0.${dice.below(256)}.${dice.below(256)}`,
      'server.port': 8080n,
    }),
    events: dice.oneIn(4) ? [event(start, dice)] : [],
    links: dice.oneIn(10) ? [{ traceId: dice.bytes(16), spanId: dice.bytes(8), flags: 1 }] : [],
    status: failed ? { code: 2, message: 'the upstream did not answer' } : { code: 0 },
  })
}

const event = (start: bigint, dice: Draws) => ({
  timeUnixNano: start + BigInt(dice.below(1_000_000)),
  name: 'exception',
  attributes: named({
    'exception.type': 'TimeoutError',
    'exception.message': `no answer within ${dice.below(5000)} ms`,
  }),
})
