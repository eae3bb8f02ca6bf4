// What the queries of infra/queries answer over the samples, by the queries' names.
import type { Answer } from '../tools/duckdb.ts'

/** Queries that are asked as they stand. */
export const queryNames = [
  'errors-by-service',
  'gauge-by-minute',
  'histogram-buckets',
  'logs-by-attribute',
  'logs-of-a-trace',
  'recent-logs',
  'slow-traces',
  'span-latencies',
] as const

const checkout = 'checkout'
const crème = 'crème/brûlée ☕'
const failed = 'payment failed: upstream timed out after 3 s'
const declined =
  '{"message":"card declined, trying again","attempt":2,"card":{"brand":"visa","tags":[1,true,null]}}'

export const answers: Readonly<Record<(typeof queryNames)[number], Answer>> = {
  'recent-logs': [
    { SeverityText: '', Body: 'a line without severity, scope or resource', ServiceName: null },
    { SeverityText: 'FATAL', Body: '["oven",451.0]', ServiceName: crème },
    { SeverityText: 'INFO', Body: '完成 – prêt – готово 🍮', ServiceName: crème },
    { SeverityText: 'ERROR', Body: failed, ServiceName: checkout },
    { SeverityText: 'WARN', Body: declined, ServiceName: checkout },
    { SeverityText: 'INFO', Body: 'order received', ServiceName: checkout },
  ],
  'span-latencies': [
    { SpanName: 'POST /checkout', Spans: '1', AvgMs: 3250, P95Ms: 3250, MaxMs: 3250 },
    { SpanName: 'place order', Spans: '1', AvgMs: 3100, P95Ms: 3100, MaxMs: 3100 },
    { SpanName: 'charge card', Spans: '1', AvgMs: 2800, P95Ms: 2800, MaxMs: 2800 },
    { SpanName: 'GET /menu', Spans: '2', AvgMs: 16, P95Ms: 19.6, MaxMs: 20 },
  ],
  'gauge-by-minute': [
    { MetricName: 'cpu.load', Average: 0.5 },
    { MetricName: 'process.memory.usage', Average: 115_343_360 },
  ],
  'errors-by-service': [
    { ServiceName: checkout, Errors: '1', Lines: '3', NewestError: failed },
    { ServiceName: crème, Errors: '1', Lines: '2', NewestError: '["oven",451.0]' },
  ],
  'slow-traces': [
    {
      TraceId: '5b8efff798038103d269b633813fc60c',
      DurationMs: 3250,
      Spans: '3',
      Services: [checkout, 'frontend'],
      RootSpan: 'POST /checkout',
      Errors: '2',
    },
    {
      TraceId: '1f2e3d4c5b6a79880716253443526170',
      DurationMs: 20,
      Spans: '1',
      Services: ['frontend'],
      RootSpan: 'GET /menu',
      Errors: '0',
    },
    {
      TraceId: '9a1c07b2c5d34e6f8a7b6c5d4e3f2a1b',
      DurationMs: 12,
      Spans: '1',
      Services: ['frontend'],
      RootSpan: 'GET /menu',
      Errors: '0',
    },
  ],
  'logs-of-a-trace': [
    {
      ServiceName: checkout,
      SpanName: 'place order',
      SeverityText: 'INFO',
      Body: 'order received',
    },
    { ServiceName: checkout, SpanName: 'charge card', SeverityText: 'WARN', Body: declined },
    { ServiceName: checkout, SpanName: 'charge card', SeverityText: 'ERROR', Body: failed },
  ],
  'logs-by-attribute': [{ ServiceName: checkout, Body: 'order received', OrderTotal: '49.9' }],
  'histogram-buckets': [
    [0.1, '1'],
    [0.25, '3'],
    [0.5, '4'],
    [1, '1'],
    ['Infinity', '1'],
  ].map(([UpperBound, Observations]) => ({
    ServiceName: checkout,
    MetricName: 'http.server.request.duration',
    MetricUnit: 's',
    Attributes: '{"http.route":"/checkout"}',
    UpperBound: UpperBound ?? null,
    Observations: Observations ?? null,
  })),
}

/** What ClickHouse answers, whose quantile is one of the values and whose 64-bit counts are numbers. */
export const clickhouseAnswers: Readonly<Record<string, Answer>> = {
  'gauge-by-minute': answers['gauge-by-minute'],
  'recent-logs': answers['recent-logs'],
  'span-latencies': answers['span-latencies'].map((row) => ({
    ...row,
    Spans: Number(row.Spans),
    P95Ms: row.MaxMs ?? null,
  })),
}

/** Without the times, which are of now. */
export const timeless = (rows: Answer): Answer => rows.map(({ Timestamp, Minute, ...rest }) => rest)
