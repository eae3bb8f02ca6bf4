/** Golden requests of traces. */
import { create } from '@bufbuild/protobuf'
import { schemas } from '../judge/request.ts'
import { at, attributes, otherSpanId, service, spanId, traceId } from './literals.ts'

const traces = (init: Parameters<typeof create<typeof schemas.traces>>[1]) =>
  create(schemas.traces, init)

export const tracesCases = {
  'traces-every-field': traces({
    resourceSpans: [
      {
        resource: { ...service('checkout'), droppedAttributesCount: 1 },
        schemaUrl: 'https://opentelemetry.io/schemas/1.38.0',
        scopeSpans: [
          {
            scope: { name: 'http', version: '2' },
            schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
            spans: [
              {
                traceId,
                spanId,
                traceState: 'vendor=a,other=b',
                parentSpanId: otherSpanId,
                name: 'GET /cart',
                kind: 2,
                flags: 0x301,
                startTimeUnixNano: at(1_000n),
                endTimeUnixNano: at(250_001_000n),
                attributes: attributes([['http.response.status_code', 500n]]),
                droppedAttributesCount: 4,
                events: [
                  {
                    timeUnixNano: at(2_001n),
                    name: 'exception',
                    attributes: attributes([['exception.type', 'Error']]),
                    droppedAttributesCount: 5,
                  },
                  { name: 'without a time' },
                ],
                droppedEventsCount: 6,
                links: [
                  {
                    traceId,
                    spanId: otherSpanId,
                    traceState: 'vendor=c',
                    attributes: attributes([['link', 0.5]]),
                    droppedAttributesCount: 7,
                    flags: 0x100,
                  },
                  {},
                ],
                droppedLinksCount: 8,
                status: { code: 2, message: 'out of stock' },
              },
            ],
          },
        ],
      },
    ],
  }),
  'traces-absent': traces({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {},
              { startTimeUnixNano: at(5n), endTimeUnixNano: at(2n), status: {} },
              { startTimeUnixNano: at(6n), kind: 17 as 1, status: { code: -1 as 1 } },
            ],
          },
        ],
      },
    ],
  }),
}
