// Protects the figures that operators see: what is counted appears, under its name and labels, however early.
import { expect, test } from 'vitest'
import { createPrometheus } from '../../runtimes/node/prometheus.ts'
import { noLog } from '../../src/log.ts'

const scraped = async (
  count: (metrics: ReturnType<typeof createPrometheus>['metrics']) => void,
) => {
  const prometheus = createPrometheus(noLog)
  count(prometheus.metrics)
  const { text, contentType } = await prometheus.scrape()
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/)
  return text.split('\n').filter((line) => line.startsWith('otlp2parquet_'))
}

const logs = { signal: 'logs' }

const cases: [name: string, labels: Record<string, string>, line: string][] = [
  [
    'requests',
    { ...logs, encoding: 'json', status: '200' },
    'signal="logs",encoding="json",status="200"',
  ],
  ['refused_requests', { ...logs, reason: 'malformed' }, 'signal="logs",reason="malformed"'],
  ['records', logs, 'signal="logs"'],
  [
    'rejected_records',
    { ...logs, reason: 'a "reason"' },
    String.raw`signal="logs",reason="a \"reason\""`,
  ],
  ['duplicates', { table: 'traces' }, 'table="traces"'],
  ['received_bytes', { ...logs, stage: 'wire' }, 'signal="logs",stage="wire"'],
  ['files', { table: 'metrics_sum' }, 'table="metrics_sum"'],
  ['written_bytes', { table: 'logs' }, 'table="logs"'],
  ['unknown_fields', logs, 'signal="logs"'],
  ['repaired_strings', logs, 'signal="logs"'],
]

test.each(cases)('%s', async (name, labels, line) => {
  const lines = await scraped((metrics) => {
    metrics.count(name as 'requests', labels)
    metrics.count(name as 'requests', labels, 41)
  })
  expect(lines).toContain(`otlp2parquet_${name}_total{${line}} 42`)
})

test('durations in buckets, and bytes in flight', async () => {
  const lines = await scraped((metrics) => {
    metrics.observe('request_duration', logs, 0.02)
    metrics.observe('write_duration', { table: 'logs' }, 0.3)
    metrics.gauge('inflight_bytes', 100)
    metrics.gauge('inflight_bytes', 7)
  })
  expect(lines).toContain(
    'otlp2parquet_request_duration_seconds_bucket{le="0.025",signal="logs"} 1',
  )
  expect(lines).toContain('otlp2parquet_request_duration_seconds_bucket{le="0.01",signal="logs"} 0')
  expect(lines).toContain('otlp2parquet_write_duration_seconds_sum{table="logs"} 0.3')
  expect(lines).toContain('otlp2parquet_inflight_bytes 7')
})

test('counts before, while and after the library loads are all there', async () => {
  const prometheus = createPrometheus(noLog)
  const count = () => prometheus.metrics.count('records', logs)
  for (let i = 0; i < 1500; i++) count()
  const loading = prometheus.load()
  count()
  await loading
  count()
  expect((await prometheus.scrape()).text).toContain('records_total{signal="logs"} 1502')
})

test('a label that nobody declared is told, and does not throw', async () => {
  const told: string[] = []
  const prometheus = createPrometheus((_level, message) => told.push(message))
  await prometheus.load()
  prometheus.metrics.count('records', { tenant: 'x' })
  expect(told).toEqual(['a count failed'])
})
