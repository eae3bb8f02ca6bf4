/** OTLP/JSON requests made by hand: every field of every message, set and unset, as no SDK sends them all. */

const every = [
  { key: 'string', value: { stringValue: 'grüße 日本語 🚀 "quoted" \\ \u0000 \u2028 </script>' } },
  { key: 'empty', value: { stringValue: '' } },
  { key: 'bool', value: { boolValue: false } },
  { key: 'most', value: { intValue: '9223372036854775807' } },
  { key: 'least', value: { intValue: '-9223372036854775808' } },
  { key: 'odd', value: { intValue: '9007199254740993' } },
  { key: 'whole', value: { doubleValue: 3 } },
  { key: 'tenth', value: { doubleValue: 0.1 } },
  { key: 'nan', value: { doubleValue: 'NaN' } },
  { key: 'infinity', value: { doubleValue: '-Infinity' } },
  { key: 'bytes', value: { bytesValue: 'AAH+/w==' } },
  {
    key: 'array',
    value: {
      arrayValue: { values: [{ intValue: '1' }, { stringValue: 'two' }, {}, { arrayValue: {} }] },
    },
  },
  {
    key: 'map',
    value: {
      kvlistValue: {
        values: [
          { key: 'b', value: { doubleValue: 1.5 } },
          { key: 'a', value: { kvlistValue: { values: [{ key: 'deep', value: {} }] } } },
        ],
      },
    },
  },
  {
    key: 'map like bytes',
    value: {
      kvlistValue: { values: [{ key: 'bytesValue', value: { stringValue: 'AAAA' } }] },
    },
  },
  { key: 'none', value: {} },
]

const resource = {
  resource: {
    attributes: [
      { key: 'service.name', value: { stringValue: 'by hand/ü %' } },
      { key: 'service.namespace', value: { stringValue: 'space' } },
      { key: 'service.instance.id', value: { intValue: '7' } },
      ...every,
    ],
    droppedAttributesCount: 4_294_967_295,
    entityRefs: [
      {
        schemaUrl: 'https://example.com/entity/1',
        type: 'service',
        idKeys: ['service.name'],
        descriptionKeys: ['service.namespace'],
      },
    ],
  },
  schemaUrl: 'https://example.com/resource/1',
}
const scope = {
  scope: { name: 'hand', version: 'v1', attributes: every, droppedAttributesCount: 2 },
  schemaUrl: 'https://example.com/scope/1',
}
const ids = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const time = (nanos: number) => String(1_790_000_000_000_000_001n + BigInt(nanos) * 1_000_000_007n)

const exemplars = [
  { timeUnixNano: time(1), asDouble: 0.1, ...ids, filteredAttributes: every },
  { timeUnixNano: time(2), asInt: '9007199254740993' },
  {},
]
const point = { startTimeUnixNano: time(0), timeUnixNano: time(9), attributes: every, flags: 1 }
const named = (name: string) => ({
  name,
  description: 'Größe',
  unit: '{thing}',
  metadata: every,
})

const bodies = [...every.map(({ value }) => value), { stringValue: '{"looks":"like JSON"}' }]

export const logsRequest = {
  resourceLogs: [
    {
      ...resource,
      scopeLogs: [
        {
          ...scope,
          logRecords: bodies.map((body, i) => ({
            timeUnixNano: time(i * 500),
            observedTimeUnixNano: time(i * 500 + 1),
            severityNumber: i,
            severityText: `S${i}`,
            body,
            attributes: every.slice(i),
            droppedAttributesCount: i,
            flags: 4_294_967_295 - i,
            eventName: `event ${i}`,
            ...ids,
          })),
        },
      ],
    },
    {
      scopeLogs: [{ logRecords: [{ observedTimeUnixNano: time(5) }, { body: { intValue: '1' } }] }],
    },
    { resource: {}, scopeLogs: [{ scope: {}, logRecords: [{ timeUnixNano: time(6) }] }] },
  ],
}

export const tracesRequest = {
  resourceSpans: [
    {
      ...resource,
      scopeSpans: [
        {
          ...scope,
          spans: [0, 1, 2, 3, 4, 5].map((kind) => ({
            ...ids,
            parentSpanId: kind ? '00f067aa0ba902b7' : '',
            traceState: 'a=1,b=2',
            flags: 0x301,
            name: `span ${kind}`,
            kind,
            startTimeUnixNano: time(kind * 900),
            // The last one ends before it starts.
            endTimeUnixNano: time(kind * 900 + 3 - kind),
            attributes: every,
            droppedAttributesCount: 1,
            events: Array.from({ length: kind }, (_, i) => ({
              timeUnixNano: time(i),
              name: `event ${i}`,
              attributes: every.slice(i * 3),
              droppedAttributesCount: i,
            })),
            droppedEventsCount: 2,
            links: Array.from({ length: 5 - kind }, (_, i) => ({
              ...ids,
              traceState: i ? 'c=3' : '',
              attributes: every.slice(i * 3),
              droppedAttributesCount: i,
              flags: i,
            })),
            droppedLinksCount: 3,
            ...(kind < 3 ? { status: { code: kind, message: kind ? 'ünicode' : '' } } : {}),
          })),
        },
        { spans: [{ ...ids, name: 'bare', startTimeUnixNano: time(1), endTimeUnixNano: time(2) }] },
      ],
    },
  ],
}

const numbers = [
  { ...point, asDouble: 0.1, exemplars },
  { ...point, asDouble: '-0' },
  { ...point, asDouble: 'NaN' },
  { ...point, asDouble: 'Infinity' },
  { ...point, asInt: '9007199254740993' },
  { ...point, asInt: '-9223372036854775808' },
  { timeUnixNano: time(3) },
]

export const metricsRequest = {
  resourceMetrics: [
    {
      ...resource,
      scopeMetrics: [
        {
          ...scope,
          metrics: [
            { ...named('gauge'), gauge: { dataPoints: numbers } },
            ...[0, 1, 2].map((aggregationTemporality) => ({
              ...named(`sum ${aggregationTemporality}`),
              sum: {
                aggregationTemporality,
                isMonotonic: aggregationTemporality === 1,
                dataPoints: numbers,
              },
            })),
            {
              ...named('histogram'),
              histogram: {
                aggregationTemporality: 1,
                dataPoints: [
                  {
                    ...point,
                    count: '9007199254740993',
                    sum: 10.5,
                    min: -1,
                    max: 8.25,
                    bucketCounts: ['1', '2', '9007199254740990'],
                    explicitBounds: [0, 1.5],
                    exemplars,
                  },
                  { timeUnixNano: time(4), count: '0' },
                ],
              },
            },
            {
              ...named('exponential'),
              exponentialHistogram: {
                aggregationTemporality: 2,
                dataPoints: [
                  {
                    ...point,
                    count: '12',
                    sum: -3.5,
                    min: -8,
                    max: 7,
                    scale: -2,
                    zeroCount: '3',
                    zeroThreshold: 0.25,
                    positive: { offset: -5, bucketCounts: ['1', '0', '4'] },
                    negative: { offset: 7, bucketCounts: ['4'] },
                    exemplars,
                  },
                  { timeUnixNano: time(5), count: '1', positive: {} },
                ],
              },
            },
            {
              ...named('summary'),
              summary: {
                dataPoints: [
                  {
                    ...point,
                    count: '100',
                    sum: 12.5,
                    quantileValues: [
                      { quantile: 0, value: 0.5 },
                      { quantile: 0.5, value: 1 },
                      { quantile: 1, value: 'NaN' },
                    ],
                  },
                  { timeUnixNano: time(6) },
                ],
              },
            },
          ],
        },
      ],
    },
  ],
}

/** The three requests by signal. */
export const requests = {
  logs: logsRequest,
  traces: tracesRequest,
  metrics: metricsRequest,
} as const

/** Sends one request as OTLP/JSON; the answer's status. */
export const post = async (
  url: string,
  signal: string,
  body: BodyInit,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const response = await fetch(`${url}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
  await response.arrayBuffer()
  return response.status
}

/**
 * Sends one request as a sender does: again after a 503, which a catalog that has just started may cause.
 * @throws when it is not taken at last
 */
export const deliver = async (url: string, signal: string, body: string): Promise<void> => {
  const statuses: number[] = []
  do statuses.push(await post(url, signal, body))
  while (statuses.at(-1) === 503 && statuses.length < 6)
  if (statuses.at(-1) !== 200) throw new Error(`${signal} was answered ${statuses}`)
}
