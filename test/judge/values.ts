/** Arbitrary scalar values, with the ones that break encoders drawn often. */
import fc from 'fast-check'

/** Well-formed Unicode: empty, ASCII, every plane, and texts that look like syntax. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 16, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }) },
  { weight: 8, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '',
      '\u0000',
      '"',
      '\\',
      '\\"\n\t\u0001\u007f',
      '\u2028\u2029',
      '\ufeffx',
      '\ufffd',
      '𝄞\u{10ffff}',
      '__proto__',
      'constructor',
      'null',
      '3.0',
      '{"bytesValue":"AA=="}',
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 100, max: 300 }).map((n) => 'aé𝄞"'.repeat(n)) },
)

const int64Max = 2n ** 63n - 1n
const nearPowers = fc
  .tuple(fc.bigInt({ min: 0n, max: 62n }), fc.constantFrom(-1n, 0n, 1n))
  .map(([power, by]) => 2n ** power + by)

/** Any int64. */
export const int64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: -100n, max: 100n }),
  fc.constantFrom(int64Max, -int64Max - 1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n),
  fc.tuple(nearPowers, fc.boolean()).map(([value, negative]) => (negative ? -value : value)),
  fc.bigInt({ min: -int64Max - 1n, max: int64Max }),
)

/** A count that a long column can hold: 0 to 2^63 - 1. */
export const count64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: 0n, max: 100n }),
  fc.constantFrom(0n, int64Max),
  nearPowers,
  fc.bigInt({ min: 0n, max: int64Max }),
)

/** A time in nanoseconds: mostly within an hour, sometimes unset, sometimes anything a long can hold. */
export const time: fc.Arbitrary<bigint> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .bigInt({ min: 0n, max: 3_599_999_999_999n })
      .map((nanos) => 1_760_000_400_000_000_000n + nanos),
  },
  { weight: 2, arbitrary: fc.constant(0n) },
  { weight: 1, arbitrary: fc.constantFrom(1n, 999n, 1000n, int64Max, int64Max - 999n, 2n ** 53n) },
  { weight: 1, arbitrary: count64 },
)

/** Any double, one NaN. */
export const double: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    -0,
    0,
    3,
    -1,
    0.1,
    1e21,
    1e-7,
    5e-324,
    Number.MAX_VALUE,
    2 ** 53 + 2,
    -(2 ** 63),
    123456789012345680000,
  ),
  fc.integer({ min: -1000, max: 1000 }).map((n) => n / 8),
  fc.double(),
)

/** An unsigned 32-bit number. */
export const uint32: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(0x7fffffff, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
)

/** A signed 32-bit number. */
export const int32: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(0x7fffffff, -0x80000000),
  fc.integer(),
)

/** A number of an enum with `known` values, most often a known one. */
export const enumNumber = <E extends number>(known: number): fc.Arbitrary<E> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: known - 1 }) },
    { weight: 1, arbitrary: int32 },
  ) as fc.Arbitrary<E>

/** Bytes. */
export const bytes: fc.Arbitrary<Uint8Array<ArrayBuffer>> = fc
  .uint8Array({ maxLength: 20 })
  .map((value) => new Uint8Array(value))

/** An id of `size` bytes, or of none. */
export const id = (size: number): fc.Arbitrary<Uint8Array<ArrayBuffer>> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.uint8Array({ minLength: size, maxLength: size }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(size)) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(0)) },
  ) as fc.Arbitrary<Uint8Array<ArrayBuffer>>
