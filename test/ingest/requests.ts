/** Small requests of every signal, for tests of what becomes of them. */
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { schemas, toProtobuf } from '../judge/request.ts'

/** Half past nine, in milliseconds since 1970: far from any full hour. */
export const arrival = Date.UTC(2026, 10, 25, 9, 30)

/** The same in nanoseconds. */
export const nano = BigInt(arrival) * 1_000_000n

export interface Service {
  readonly name?: string | undefined
  readonly records: number
  /** Nanoseconds since 1970; `arrival` without it. */
  readonly time?: bigint
}

/** Log records of several services, as protobuf. */
export const logs = (...services: readonly Service[]): Uint8Array<ArrayBuffer> =>
  toProtobuf(
    create(schemas.logs, {
      resourceLogs: services.map(({ name, records, time = nano }) => ({
        resource: { attributes: name === undefined ? [] : [attribute('service.name', name)] },
        scopeLogs: [
          { logRecords: Array.from({ length: records }, () => ({ timeUnixNano: time })) },
        ],
      })),
    }),
  )

const attribute = (key: string, text: string) => ({
  key,
  value: { value: { case: 'stringValue' as const, value: text } },
})

type MetricData = NonNullable<
  NonNullable<
    NonNullable<
      NonNullable<
        MessageInitShape<typeof schemas.metrics>['resourceMetrics']
      >[number]['scopeMetrics']
    >[number]['metrics']
  >[number]['data']
>

/** Two points of each of the five kinds: five files. */
export const allKinds = (time = nano): Uint8Array<ArrayBuffer> => {
  const value = { dataPoints: [{ timeUnixNano: time }, { timeUnixNano: time }] }
  const kinds = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const
  const metrics = kinds.map((kind) => ({ name: kind, data: { case: kind, value } as MetricData }))
  return toProtobuf(create(schemas.metrics, { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }))
}

/** Two spans, the second without a time: two files. */
export const spans = toProtobuf(
  create(schemas.traces, {
    resourceSpans: [{ scopeSpans: [{ spans: [{ startTimeUnixNano: nano }, { name: 'b' }] }] }],
  }),
)
