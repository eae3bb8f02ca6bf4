// Protects: whatever a body is made of, it is read as the judge reads it, or refused as the sender's mistake, or differs
// from the judge in one of the ways listed in differences.ts; nothing else is ever thrown, and no body hangs.
//
//   PROPERTY_RUNS=1000000 vitest run --config test/vitest.config.ts test/properties/mutations.test.ts
//
// tries a million other bodies instead of the usual 100,000, which are always the same; PROPERTY_SEED=<n> repeats a run, whose
// seed stands in the test's name.
import { describe, expect, it } from 'vitest'
import { plainBodies as bodies } from '../golden/bodies.ts'
import { random } from '../judge/random.ts'
import { differences } from './differences.ts'
import { type Judgement, judgementOf, readByUs } from './judgement.ts'
import { mutated } from './mutations.ts'
import { patience, runs } from './runs.ts'

const bytesIn = (wanted: string) =>
  bodies.filter(({ encoding }) => encoding === wanted).map(({ bytes }) => bytes)
const others = { protobuf: bytesIn('protobuf'), json: bytesIn('json') }

const usual = 100_000
const { numRuns, seed = numRuns === usual ? 1 : Date.now() & 0x7fffffff } = runs(usual)

describe('mutated golden bodies', () => {
  it(
    `${numRuns} of them from seed ${seed}: no surprise`,
    () => {
      // Most are refused: their stacks would cost more than they do.
      const { stackTraceLimit } = Error
      Error.stackTraceLimit = 0
      const dice = random(seed)
      const judgements = new Map<Judgement, number>()
      for (let i = 0; i < numRuns; i++) {
        const body = bodies[dice.below(bodies.length)] as (typeof bodies)[number]
        const bytes = mutated(body, others[body.encoding], dice)
        const judgement = judgementOf({ ...body, bytes })
        judgements.set(judgement, (judgements.get(judgement) ?? 0) + 1)
      }
      Error.stackTraceLimit = stackTraceLimit
      // Mutations that leave nothing whole, or break nothing, would show nothing.
      expect(judgements.get('both read it alike')).toBeGreaterThan(numRuns / 10)
      expect(judgements.get('both refuse it')).toBeGreaterThan(numRuns / 10)
    },
    patience(numRuns),
  )
})

describe('the differences', () => {
  const bytesOf = (encoding: string, example: string) =>
    encoding === 'json'
      ? new TextEncoder().encode(example)
      : new Uint8Array(Buffer.from(example.replaceAll(' ', ''), 'hex'))

  it.each(differences)('$encoding: $name', ({ name, encoding, example }) => {
    const bytes = bytesOf(encoding, example)
    expect(judgementOf({ signal: 'logs', encoding, bytes })).toBe(name)
  })

  it('are told apart from the rest by what both say', () => {
    const bytes = bytesOf('protobuf', '0a021a00')
    expect(judgementOf({ signal: 'logs', encoding: 'protobuf', bytes })).toBe('both read it alike')
    expect(
      readByUs({ signal: 'logs', encoding: 'protobuf', bytes: bytes.subarray(1) }),
    ).toMatchObject({ kind: 'malformed' })
  })
})
