/** One body, read by us and by the judge: do they agree, and if not, is the difference a known one? */
import { isDeepStrictEqual } from 'node:util'
import { IngestError } from '../../src/errors.ts'
import { type Decoded, decode } from '../../src/otlp/decode.ts'
import { fromOtlpJson } from '../judge/from-json.ts'
import { fromProtobuf, type Request, type Signal, toProtobuf } from '../judge/request.ts'
import { difference } from './columns.ts'
import { differences } from './differences.ts'

export interface Body {
  readonly signal: Signal
  readonly encoding: 'protobuf' | 'json'
  readonly bytes: Uint8Array
}

/** `both read it alike`, `both refuse it`, or the name of a known difference. */
export type Judgement = string

/**
 * How our decoder and the judge's compare on a body.
 * @throws an error that says all there is to say, when they differ in a way that nobody knows yet, and when
 * our decoder throws anything but an `IngestError` for the sender
 */
export const judgementOf = (body: Body): Judgement => {
  const ours = readByUs(body)
  const theirs = readByJudge(body)
  if (ours instanceof IngestError && theirs instanceof Error) return 'both refuse it'
  if (!(ours instanceof IngestError) && !(theirs instanceof Error)) {
    const again = readByUs({ ...body, encoding: 'protobuf', bytes: toProtobuf(theirs) })
    if (!(again instanceof IngestError) && sameRows(ours, again)) return 'both read it alike'
  }
  const known = differences.find(
    (one) =>
      one.encoding === body.encoding && one.ours.test(said(ours)) && one.judges.test(said(theirs)),
  )
  if (known !== undefined) return known.name
  throw new Error(
    `ours: ${said(ours)}; the judge: ${said(theirs)}; ${body.signal} ${body.encoding} ${shown(body)}`,
  )
}

/** What our decoder makes of a body, or the error that the sender is told. */
export const readByUs = ({ signal, encoding, bytes }: Body): Decoded | IngestError => {
  try {
    return decode({ signal, encoding, body: bytes, requestId: '0'.repeat(32), receivedAt: 1e12 })
  } catch (error) {
    if (error instanceof IngestError && error.kind === 'malformed') return error
    throw new Error(`${signal} ${encoding} ${shown({ encoding, bytes })}`, { cause: error })
  }
}

const readByJudge = ({ signal, encoding, bytes }: Body): Request | Error => {
  try {
    return encoding === 'json' ? fromOtlpJson(signal, bytes) : fromProtobuf(signal, bytes)
  } catch (error) {
    return error as Error
  }
}

const sameRows = (a: Decoded, b: Decoded): boolean =>
  isDeepStrictEqual([...a.rejected], [...b.rejected]) && difference(a, b, 'values') === null

const said = (result: unknown): string => (result instanceof Error ? result.message : 'accepted')

const shown = ({ encoding, bytes }: Pick<Body, 'encoding' | 'bytes'>): string =>
  Buffer.from(bytes).toString(encoding === 'json' ? 'utf8' : 'hex')
