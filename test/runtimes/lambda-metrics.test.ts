/** Protects the metrics on Lambda: lines in CloudWatch's embedded metric format, and none twice. */
import { expect, test } from 'vitest'
import { createEmbeddedMetrics } from '../../runtimes/lambda/embedded-metrics.ts'

const start = () => {
  const lines: unknown[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  return { lines, metrics: createEmbeddedMetrics({ write, now: () => 1_790_000_000_000 }) }
}

test('what has the same labels is one line, whatever their order', () => {
  const { lines, metrics } = start()
  metrics.count('received_bytes', { signal: 'logs', stage: 'wire' }, 10)
  metrics.count('received_bytes', { stage: 'wire', signal: 'logs' }, 5)
  metrics.count('requests', { signal: 'logs' })
  metrics.observe('request_duration', { signal: 'logs' }, 0.25)
  metrics.observe('request_duration', { signal: 'logs' }, 0.5)
  metrics.flush()
  const about = (Dimensions: string[][], Metrics: object[]) => ({
    Timestamp: 1_790_000_000_000,
    CloudWatchMetrics: [{ Namespace: 'otlp2parquet', Dimensions, Metrics }],
  })
  expect(lines).toEqual([
    {
      _aws: about([['signal', 'stage']], [{ Name: 'received_bytes', Unit: 'Bytes' }]),
      signal: 'logs',
      stage: 'wire',
      received_bytes: 15,
    },
    {
      _aws: about(
        [['signal']],
        [
          { Name: 'requests', Unit: 'Count' },
          { Name: 'request_duration', Unit: 'Seconds' },
        ],
      ),
      signal: 'logs',
      requests: 1,
      request_duration: [0.25, 0.5],
    },
  ])
})

test('a flush begins anew, and says nothing of nothing', () => {
  const { lines, metrics } = start()
  metrics.count('requests', { signal: 'logs' })
  metrics.flush()
  metrics.flush()
  expect(lines).toHaveLength(1)
})

test('a metric has at most the 100 values that the format allows', () => {
  const { lines, metrics } = start()
  for (let i = 0; i < 101; i++) metrics.observe('write_duration', {}, i)
  metrics.flush()
  expect((lines as { write_duration: number[] }[])[0]?.write_duration).toHaveLength(100)
})

test('what is not for CloudWatch is the same line without the directive', () => {
  const lines: string[] = []
  const metrics = createEmbeddedMetrics({ write: (line) => lines.push(line), embedded: false })
  metrics.count('requests', { signal: 'logs' })
  metrics.observe('request_duration', { signal: 'logs' }, 0.25)
  metrics.flush()
  expect(lines).toEqual(['{"signal":"logs","requests":1,"request_duration":[0.25]}'])
})
