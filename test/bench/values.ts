/** What the records of all payloads are made of: values that a seed repeats. */
import { create } from '@bufbuild/protobuf'
import { attributes, type Literal } from '../golden/literals.ts'
import { KeyValueSchema } from '../judge/gen/common_pb.ts'
import { type Random, random } from '../judge/random.ts'

/** Stands in a body where each request has something of its own: see `payloads.ts`. */
export const marker = '@@request@@'

/** 2026-03-01T12:00:00 UTC in nanoseconds: all records of a payload lie in the hour after it. */
const hour = 1_772_366_400_000_000_000n

/** Draws of one payload's records. */
export interface Draws extends Random {
  pick<T>(items: readonly T[]): T
  bytes(length: number): Uint8Array<ArrayBuffer>
  /** The time of record `i`: 100 µs after the one before, and up to 5 ms off, so that there is something to sort. */
  time(i: number): bigint
}

/** The draws that a seed repeats. */
export const draws = (seed: number): Draws => {
  const dice = random(seed)
  return {
    ...dice,
    pick: <T>(items: readonly T[]) => items[dice.below(items.length)] as T,
    bytes: (length) => Uint8Array.from({ length }, () => dice.below(256)),
    time: (i) => hour + BigInt(i) * 100_000n + BigInt(dice.below(5_000_000)),
  }
}

/** Of every request: a resource with ten attributes, one of them the request's own. */
export const resource = () => ({
  attributes: attributes([
    ['service.name', 'checkout'],
    ['service.namespace', 'shop'],
    ['service.instance.id', `627cc493-f310-47de-${marker}`],
    ['service.version', '2.31.4'],
    ['deployment.environment.name', 'production'],
    ['host.name', 'ip-10-11-12-13.eu-central-1.compute.internal'],
    ['k8s.pod.name', 'checkout-6c9f7b7d5c-x2x4q'],
    ['process.pid', 4242n],
    ['telemetry.sdk.name', 'opentelemetry'],
    ['telemetry.sdk.language', 'nodejs'],
  ]),
})

/** How many scopes share a request's records. */
const scopeCount = 4

/** Records divided among the scopes, with the scope of each. */
export const scopesOf = <T>(records: readonly T[]) => {
  const share = Math.ceil(records.length / scopeCount)
  return Array.from({ length: scopeCount }, (_, i) => ({
    scope: { name: `@shop/instrumentation-${i}`, version: '0.57.2' },
    records: records.slice(i * share, (i + 1) * share),
  })).filter(({ records }) => records.length > 0)
}

/** Attributes by name. */
export const named = (values: Readonly<Record<string, Literal>>) =>
  attributes(Object.entries(values)).map((attribute) => create(KeyValueSchema, attribute))

/** Routes, methods and the like: what real attributes repeat. */
export const words = {
  routes: ['/cart', '/cart/:id', '/checkout', '/orders/:id', '/health', '/api/v2/products/:id'],
  methods: ['GET', 'POST', 'PUT', 'DELETE'],
  statuses: [200n, 201n, 204n, 302n, 404n, 500n],
} as const
