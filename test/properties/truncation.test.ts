// Protects: a body that ends too early, at whatever byte, is refused as the sender's mistake, or read as the judge
// reads it where what is left is a whole message; nothing else is ever thrown.
import { describe, expect, it } from 'vitest'
import { IngestError } from '../../src/errors.ts'
import { plainBodies as bodies } from '../golden/bodies.ts'
import { judgementOf, readByUs } from './judgement.ts'
import { patience } from './runs.ts'

const bodiesIn = (wanted: string) => bodies.filter(({ encoding }) => encoding === wanted)

describe('a golden body, cut at every byte', () => {
  it.each(bodiesIn('json'))(
    '$name, JSON: no beginning of it is JSON',
    (body) => {
      const { bytes } = body
      for (let end = 0; end < bytes.length; end++)
        expect(readByUs({ ...body, bytes: bytes.subarray(0, end) })).toBeInstanceOf(IngestError)
    },
    patience(0),
  )

  it.each(bodiesIn('protobuf'))(
    '$name, protobuf: whole between two records alone',
    (body) => {
      const { bytes } = body
      const whole = Array.from(bytes, (_, end) =>
        judgementOf({ ...body, bytes: bytes.subarray(0, end) }),
      ).flatMap((judgement, end) =>
        judgement === 'both refuse it' ? [] : [`${judgement}: ${end}`],
      )
      expect(whole).toEqual(recordEnds(bytes).map((end) => `both read it alike: ${end}`))
    },
    patience(0),
  )
})

/** Where the records of a message of length-delimited fields end, the last one aside. */
const recordEnds = (bytes: Uint8Array): number[] => {
  const ends = [0]
  for (;;) {
    let end = ends.at(-1) as number
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const c = bytes[++end] as number
      length |= (c & 0x7f) << shift
      if (c < 0x80) break
    }
    end += 1 + length
    if (end >= bytes.length) return ends
    ends.push(end)
  }
}
