/** The golden rows of logs. */
import type { Row } from '../judge/row.ts'
import { arrived, bare, type Expected, of } from './expected.ts'

/** A record of which nothing is set. */
const empty: Row = {
  Timestamp: arrived,
  TimeUnixNano: 0n,
  RequestRow: 0,
  TraceId: '',
  SpanId: '',
  TraceFlags: 0n,
  SeverityText: '',
  SeverityNumber: 0,
  EventName: '',
  Body: null,
  BodyType: null,
  LogAttributes: '{}',
  LogDroppedAttributesCount: 0n,
  ObservedTimestamp: 0n,
  ObservedTimeUnixNano: 0n,
}

/** Row `i` of the bodies, sent `i` nanoseconds after noon. */
const body = (BodyType: string, Body: string, i: number): Row => ({
  ...of('bodies'),
  ...empty,
  Timestamp: 1_772_366_400_000_000n,
  TimeUnixNano: 1_772_366_400_000_000_000n + BigInt(i),
  RequestRow: i,
  Body,
  BodyType,
})

const bodies: readonly [type: string, text: string][] = [
  ['string', ''],
  ['string', 'null'],
  ['string', 'a "quoted"\nline \\ \u0001 𝄞'],
  ['bool', 'true'],
  ['bool', 'false'],
  ['int', '0'],
  ['int', '9223372036854775807'],
  ['int', '-9223372036854775808'],
  ['double', '3.0'],
  ['double', '-0.0'],
  ['double', '0.1'],
  ['double', '1e+21'],
  ['double', '5e-324'],
  ['double', '{"doubleValue":"NaN"}'],
  ['double', '{"doubleValue":"Infinity"}'],
  ['double', '{"doubleValue":"-Infinity"}'],
  ['bytes', '{"bytesValue":""}'],
  ['bytes', '{"bytesValue":"AP8="}'],
  ['array', '[]'],
  ['array', '["a",1,1.0,null,[false],{"bytesValue":"AQ=="}]'],
  ['kvlist', '{}'],
  ['kvlist', '{"b":1,"a":null}'],
  ['kvlist', '{"kvlistValue":{"bytesValue":"AA=="}}'],
  ['kvlist', '{"kvlistValue":{"doubleValue":"NaN"}}'],
  ['kvlist', '{"kvlistValue":{"kvlistValue":{"kvlistValue":{"kvlistValue":1}}}}'],
]

const kept: Row = {
  ...of('rejected'),
  ...empty,
  Timestamp: 1_772_366_400_000_000n,
  BodyType: 'string',
}

export const logsRows = {
  'logs-every-field': {
    tables: {
      logs: [
        {
          ...of('checkout'),
          Timestamp: 1_772_366_400_123_456n,
          TimeUnixNano: 1_772_366_400_123_456_789n,
          RequestRow: 0,
          ResourceSchemaUrl: 'https://opentelemetry.io/schemas/1.38.0',
          ResourceDroppedAttributesCount: 1n,
          ResourceEntityRefs:
            '[{"schemaUrl":"https://example.com/entity","type":"service","idKeys":["service.name"],' +
            '"descriptionKeys":["service.version","a \\"quoted\\" key"]}]',
          ScopeName: 'cart',
          ScopeVersion: '1.2.3',
          ScopeAttributes: '{"scope":true}',
          ScopeDroppedAttributesCount: 2n,
          ScopeSchemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
          TraceId: '5b8efff798038103d269b633813fc60c',
          SpanId: 'eee19b7ec3c1b174',
          TraceFlags: 257n,
          SeverityText: 'Information',
          SeverityNumber: 9,
          EventName: 'cart.emptied',
          Body: 'cart emptied',
          BodyType: 'string',
          LogAttributes: '{"http.route":"/cart/{id}","items":3,"total":3.0}',
          LogDroppedAttributesCount: 3n,
          ObservedTimestamp: 1_772_366_400_223_456n,
          ObservedTimeUnixNano: 1_772_366_400_223_456_789n,
        },
      ],
    },
  },
  'logs-bodies': { tables: { logs: bodies.map(([type, text], i) => body(type, text, i)) } },
  'logs-absent': {
    tables: {
      logs: [
        { ...bare, ...empty },
        {
          ...bare,
          ...empty,
          RequestRow: 1,
          ResourceAttributes: '{}',
          ResourceDroppedAttributesCount: 0n,
          ResourceEntityRefs: '[]',
          ScopeName: '',
          ScopeVersion: '',
          ScopeAttributes: '{}',
          ScopeDroppedAttributesCount: 0n,
        },
        {
          ...bare,
          ...empty,
          Timestamp: 1_772_366_400_000_000n,
          RequestRow: 2,
          ServiceName: '7',
          ResourceAttributes: '{"service.name":7}',
          ResourceDroppedAttributesCount: 0n,
          ResourceEntityRefs: '[]',
          SeverityNumber: 99,
          ObservedTimestamp: 1_772_366_400_000_000n,
          ObservedTimeUnixNano: 1_772_366_400_000_000_000n,
        },
      ],
    },
  },
  'logs-duplicate-keys': {
    tables: {
      logs: [
        {
          ...bare,
          ...empty,
          Timestamp: 1_772_366_400_000_000n,
          TimeUnixNano: 1_772_366_400_000_000_000n,
          ServiceName: 'last',
          ResourceAttributes:
            '{"service.name":"first","service.name":"last","__proto__":"x","":null}',
          ResourceDroppedAttributesCount: 0n,
          ResourceEntityRefs: '[]',
          LogAttributes: '{"a":1,"a":"1","a":{"b":1}}',
        },
      ],
    },
  },
  'logs-rejected': {
    tables: {
      logs: [
        { ...kept, TimeUnixNano: 1_772_366_400_000_000_000n, Body: 'kept, row 0' },
        {
          ...kept,
          TimeUnixNano: 1_772_366_400_000_000_004n,
          RequestRow: 4,
          TraceId: '5b8efff798038103d269b633813fc60c',
          SpanId: 'eee19b7ec3c1b174',
          Body: 'kept, row 4',
        },
      ],
    },
    rejected: {
      'a trace id that is not 16 bytes long': 1,
      'a span id that is not 8 bytes long': 1,
      'a time or count above 2^63-1': 1,
    },
  },
} satisfies Record<string, Expected>
