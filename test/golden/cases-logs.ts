/** Golden requests of logs. */
import { create } from '@bufbuild/protobuf'
import { schemas } from '../judge/request.ts'
import { any, at, attributes, hex, type Literal, service, spanId, traceId } from './literals.ts'

const logs = (init: Parameters<typeof create<typeof schemas.logs>>[1]) => create(schemas.logs, init)

/** One record for each body, in order. */
const bodies = (values: readonly Literal[]) =>
  values.map((value, i) => ({ timeUnixNano: at(BigInt(i)), body: any(value) }))

export const logsCases = {
  'logs-every-field': logs({
    resourceLogs: [
      {
        resource: {
          ...service('checkout'),
          droppedAttributesCount: 1,
          entityRefs: [
            {
              schemaUrl: 'https://example.com/entity',
              type: 'service',
              idKeys: ['service.name'],
              descriptionKeys: ['service.version', 'a "quoted" key'],
            },
          ],
        },
        schemaUrl: 'https://opentelemetry.io/schemas/1.38.0',
        scopeLogs: [
          {
            scope: {
              name: 'cart',
              version: '1.2.3',
              attributes: attributes([['scope', true]]),
              droppedAttributesCount: 2,
            },
            schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
            logRecords: [
              {
                timeUnixNano: at(123_456_789n),
                observedTimeUnixNano: at(223_456_789n),
                severityNumber: 9,
                severityText: 'Information',
                body: any('cart emptied'),
                attributes: attributes([
                  ['http.route', '/cart/{id}'],
                  ['items', 3n],
                  ['total', 3],
                ]),
                droppedAttributesCount: 3,
                flags: 0x101,
                traceId,
                spanId,
                eventName: 'cart.emptied',
              },
            ],
          },
        ],
      },
    ],
  }),
  'logs-bodies': logs({
    resourceLogs: [
      {
        resource: service('bodies'),
        scopeLogs: [
          {
            logRecords: bodies([
              '',
              'null',
              'a "quoted"\nline \\ \u0001 𝄞',
              true,
              false,
              0n,
              9_223_372_036_854_775_807n,
              -9_223_372_036_854_775_808n,
              3,
              -0,
              0.1,
              1e21,
              5e-324,
              Number.NaN,
              Number.POSITIVE_INFINITY,
              Number.NEGATIVE_INFINITY,
              hex(''),
              hex('00ff'),
              [],
              ['a', 1n, 1, null, [false], hex('01')],
              new Map(),
              new Map<string, Literal>([
                ['b', 1n],
                ['a', null],
              ]),
              new Map([['bytesValue', 'AA==']]),
              new Map([['doubleValue', 'NaN']]),
              new Map([['kvlistValue', new Map([['kvlistValue', 1n]])]]),
            ]),
          },
        ],
      },
    ],
  }),
  'logs-absent': logs({
    resourceLogs: [
      { scopeLogs: [{ logRecords: [{}] }] },
      { resource: {}, scopeLogs: [{ scope: {}, logRecords: [{ body: any(null) }] }] },
      { resource: service('no records'), scopeLogs: [{ scope: { name: 'empty' } }] },
      {
        resource: { attributes: attributes([['service.name', 7n]]) },
        scopeLogs: [{ logRecords: [{ observedTimeUnixNano: at(0n), severityNumber: 99 as 1 }] }],
      },
    ],
  }),
  'logs-duplicate-keys': logs({
    resourceLogs: [
      {
        resource: {
          attributes: attributes([
            ['service.name', 'first'],
            ['service.name', 'last'],
            ['__proto__', 'x'],
            ['', null],
          ]),
        },
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: at(0n),
                attributes: attributes([
                  ['a', 1n],
                  ['a', '1'],
                  ['a', new Map<string, Literal>([['b', 1n]])],
                ]),
              },
            ],
          },
        ],
      },
    ],
  }),
  'logs-rejected': logs({
    resourceLogs: [
      {
        resource: service('rejected'),
        scopeLogs: [
          {
            logRecords: [
              { timeUnixNano: at(0n), body: any('kept, row 0') },
              { timeUnixNano: at(1n), traceId: hex('0102'), body: any('trace id of 2 bytes') },
              { timeUnixNano: at(2n), spanId: traceId, body: any('span id of 16 bytes') },
              { timeUnixNano: 2n ** 63n, body: any('a time above 2^63 - 1') },
              { timeUnixNano: at(4n), traceId, spanId, body: any('kept, row 4') },
            ],
          },
        ],
      },
    ],
  }),
}
