/** The golden cases as the bodies of requests. */
import { toJson } from '../judge/json.ts'
import { type Request, signalOf, toProtobuf } from '../judge/request.ts'
import { logsCases } from './cases-logs.ts'
import { metricsCases } from './cases-metrics.ts'
import { tracesCases } from './cases-traces.ts'

/** Every golden case by name. */
export const cases: Readonly<Record<string, Request>> = {
  ...logsCases,
  ...tracesCases,
  ...metricsCases,
}

/** Every golden case in both encodings. */
export const bodies = Object.entries(cases).flatMap(([name, request]) => {
  const signal = signalOf(request)
  return [
    { name, signal, encoding: 'protobuf' as const, bytes: toProtobuf(request) },
    { name, signal, encoding: 'json' as const, bytes: new TextEncoder().encode(toJson(request)) },
  ]
})

/** Those that are no mixture of others: enough where each is read a thousand times. */
export const plainBodies = bodies.filter(({ name }) => name !== 'metrics-mixed')
