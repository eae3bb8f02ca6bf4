// Protects: no service name, however hostile, leaves its folder or lands in another's, and a time's
// path is right to the end of time.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeService, objectKey, partitionName } from '../../src/tables/object-key.ts'

const bytes = (name: string) => new TextEncoder().encode(name)
const sha = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 32)

describe('service', () => {
  test.each([
    ['checkout', 'checkout'],
    ['Shop_2-b.v1', 'Shop_2-b.v1'],
    [null, 'unknown_service'],
    ['unknown_service', '%75nknown_service'],
    ['unknown_service:node', 'unknown_service%3Anode'],
    ['', '%00e'],
    ['\0e', '%00%65'],
    ['\0', '%00'],
    ['%00e', '%2500e'],
    ['.', '%2E'],
    ['..', '%2E.'],
    ['../../etc', '%2E.%2F..%2Fetc'],
    ['a/b\\c', 'a%2Fb%5Cc'],
    ['year=2026', 'year%3D2026'],
    ['kaffee é', 'kaffee%20%C3%A9'],
    ['*?[a]', '%2A%3F%5Ba%5D'],
    ['a'.repeat(128), 'a'.repeat(128)],
    ['a'.repeat(129), `${'a'.repeat(128)}%~${sha('a'.repeat(129))}`],
    [`${'a'.repeat(126)}/`, `${'a'.repeat(126)}%~${sha(`${'a'.repeat(126)}/`)}`],
    [`${'a'.repeat(127)}/`, `${'a'.repeat(127)}%~${sha(`${'a'.repeat(127)}/`)}`],
    [`${'a'.repeat(125)}/b`, `${'a'.repeat(125)}%2F%~${sha(`${'a'.repeat(125)}/b`)}`],
  ])('%j', async (name, encoded) => {
    expect(await encodeService(name === null ? null : bytes(name))).toBe(encoded)
  })

  /** The name back, of every segment that was not cut. */
  const decode = (segment: string): Buffer | null => {
    if (segment === 'unknown_service') return null
    if (segment === '%00e') return Buffer.alloc(0)
    const latin1 = segment.replace(/%(..)/g, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    return Buffer.from(latin1, 'latin1')
  }

  const name = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.string({ unit: fc.constantFrom('.', '/', '%', '~', '\0', 'e', '0', 'u') }).map(bytes),
    fc.string({ unit: 'grapheme', maxLength: 200 }).map(bytes),
  )

  test('is one safe segment, and the name can be read back', () =>
    fc.assert(
      fc.asyncProperty(name, async (name) => {
        const segment = await encodeService(name)
        expect(segment).toMatch(/^(?!\.)([\w.-]|%[0-9A-F]{2}|%~[0-9a-f]{32}$)+$/)
        expect(segment.length).toBeLessThanOrEqual(162)
        if (!segment.includes('%~')) expect(decode(segment)).toEqual(Buffer.from(name))
      }),
      { numRuns: 1000 },
    ))

  test('of two names that differ, segments differ', () =>
    fc.assert(
      fc.asyncProperty(name, name, fc.nat(1), async (a, b, longer) => {
        const start = longer === 1 ? new Uint8Array(130) : new Uint8Array(0)
        const [first, second] = [a, b].map((name) => Buffer.concat([start, name])) as [
          Buffer,
          Buffer,
        ]
        const same = (await encodeService(first)) === (await encodeService(second))
        expect(same).toBe(first.equals(second))
      }),
      { numRuns: 1000 },
    ))
})

test.each([
  [0, 'year=1970/month=01/day=01/hour=00'],
  [Date.UTC(2026, 10, 25, 9) / 3_600_000, 'year=2026/month=11/day=25/hour=09'],
  [Date.UTC(2024, 1, 29, 23) / 3_600_000, 'year=2024/month=02/day=29/hour=23'],
  [2_562_047, 'year=2262/month=04/day=11/hour=23'],
  [Date.UTC(12345, 0, 1) / 3_600_000, 'year=12345/month=01/day=01/hour=00'],
])('hour %d', (hour, path) => {
  const timestamp = 9_223_372_036_854_775n
  expect(objectKey({ folder: 'metrics/sum' }, 'a', { hour, timestamp }, 'u-u')).toBe(
    `metrics/sum/a/${path}/9223372036854775-u-u.parquet`,
  )
})

test('a partition is named by service and hour; without times by service', () => {
  expect(partitionName('a', { hour: 12, timeless: false })).toBe('a/12')
  expect(partitionName('a', { hour: 12, timeless: true })).toBe('a/timeless')
})
