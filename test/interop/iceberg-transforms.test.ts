// Protects: our partitions are those that another program finds for the same values: each transform over random values,
// judged by PyIceberg's own.
import { beforeAll, expect, test } from 'vitest'
import {
  parseTransform,
  type SourceValue,
  type TransformedValue,
} from '../../src/iceberg/transform.ts'
import { here, pyiceberg, run } from './programs.ts'
import { pick, type Random, randomOf } from './random-requests.ts'

const random = randomOf(Number(process.env.INTEROP_SEED ?? 1))
const valuesOfEach = 400

const between = (least: bigint, most: bigint) => (random: Random) => {
  const span = most - least + 1n
  const wide = BigInt(Math.floor(random() * 2 ** 32)) * 2n ** 32n
  return least + ((wide + BigInt(Math.floor(random() * 2 ** 32))) % span)
}
/** Any number, and often one of few digits, where signs and ends are. */
const integer = (least: bigint, most: bigint) => {
  const [any, small] = [between(least, most), between(-1000n, 1000n)]
  return (random: Random) => (random() < 0.5 ? any(random) : small(random))
}
const letters = ['', 'a', 'b', 'é', 'ß', '\u{1f600}', '\uffff', '\ufeff', '\0', ' ']
const text = (random: Random) =>
  Array.from({ length: Math.floor(random() * 20) }, () => pick(random, letters)).join('')
const bytes = (length: number) => (random: Random) =>
  Uint8Array.from({ length }, () => Math.floor(random() * 256))

const year = 365n * 86_400_000_000n
const micros = integer(-1900n * year, 7000n * year)
const whole = (draw: (random: Random) => bigint) => (random: Random) => Number(draw(random))
const long = integer(-(2n ** 63n) + 1000n, 2n ** 63n - 1n)

/** How a value of each type is drawn; strings as text. */
const draws: Readonly<Record<string, (random: Random) => SourceValue | string>> = {
  int: whole(integer(-(2n ** 31n) + 1000n, 2n ** 31n - 1n)),
  long,
  date: whole(integer(-1900n * 365n, 7000n * 365n)),
  time: between(0n, 86_400_000_000n - 1n),
  timestamp: micros,
  timestamptz: micros,
  string: text,
  binary: (random) => bytes(Math.floor(random() * 12))(random),
  uuid: bytes(16),
  'decimal(20,3)': integer(-(10n ** 18n), 10n ** 18n),
}

const types = Object.keys(draws)
const transforms: readonly [string, readonly string[]][] = [
  ['identity', types],
  ...['bucket[1]', 'bucket[16]', 'bucket[1000003]'].map(
    (name) => [name, types] as [string, readonly string[]],
  ),
  ...['truncate[1]', 'truncate[3]', 'truncate[1000]'].map(
    (name) => [name, ['int', 'long', 'string', 'binary', 'decimal(20,3)']] as [string, string[]],
  ),
  ...['year', 'month', 'day'].map(
    (name) => [name, ['date', 'timestamp', 'timestamptz']] as [string, string[]],
  ),
  ['hour', ['timestamp', 'timestamptz']],
]

const spelled = (type: string, value: SourceValue | string | TransformedValue | null): string => {
  if (!(value instanceof Uint8Array)) return String(value)
  const hex = Buffer.from(value).toString('hex')
  return type === 'uuid' ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5') : hex
}

const asked = transforms.flatMap(([transform, types]) =>
  types.flatMap((type) =>
    Array.from({ length: valuesOfEach }, () => ({
      transform,
      type,
      value: draws[type]?.(random) ?? '',
    })),
  ),
)

let theirs: readonly string[]
beforeAll(async () => {
  const script = here('test/interop/readers/transforms_pyiceberg.py')
  const questions = asked.map(({ transform, type, value }) => [
    transform,
    type,
    spelled(type, value),
  ])
  theirs = JSON.parse(await run(pyiceberg, [script], { input: JSON.stringify(questions) }))
})

const ours = ({ transform, type, value }: (typeof asked)[number]): string => {
  const source = typeof value === 'string' ? new TextEncoder().encode(value) : value
  return spelled(type, parseTransform(transform)?.apply(source, type) ?? null)
}

test.each(transforms.map(([name]) => name))('%s', (name) => {
  const differ = asked.flatMap((one, i) => {
    const [wanted, found] = [theirs[i], ours(one)]
    return one.transform !== name || wanted === found
      ? []
      : [{ type: one.type, value: spelled(one.type, one.value), wanted, found }]
  })
  expect(differ).toEqual([])
})
