/** One body, read by us and by the judge: do they agree, and if not, is the difference a known one? */
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
  if (ours instanceof Error && theirs instanceof Error) return 'both refuse it'
  const [our, their] = said(ours, theirs, body.signal)
  if (our === 'the same rows') return 'both read it alike'
  const known = differences.find(
    ({ encoding, ours, judges }) =>
      encoding === body.encoding && ours.test(our) && judges.test(their),
  )
  if (known !== undefined) return known.name
  throw new Error(`ours: ${our}; the judge: ${their}; ${body.signal} ${shown(body)}`)
}

/** What ours has to say, and what the judge has. */
const said = (
  ours: Decoded | IngestError,
  theirs: Request | Error,
  signal: Signal,
): [string, string] => {
  if (theirs instanceof Error) return ['accepted', theirs.message]
  if (ours instanceof Error) return [ours.message, 'accepted']
  const again = readByUs({ signal, encoding: 'protobuf', bytes: toProtobuf(theirs) })
  if (again instanceof Error) return [`cannot read it again: ${again.message}`, 'accepted']
  const [mine, other] = [rejections(ours), rejections(again)]
  if (mine === other && difference(ours, again, 'values') === null)
    return ['the same rows', 'accepted']
  return [mine > other ? 'more records rejected' : 'other rows', 'accepted']
}

const rejections = ({ rejected }: Decoded): number =>
  [...rejected.values()].reduce((sum, records) => sum + records, 0)

/** What our decoder makes of a body, or the error that the sender is told. */
export const readByUs = ({ signal, encoding, bytes }: Body): Decoded | IngestError => {
  try {
    return decode({ signal, encoding, body: bytes, requestId: '0'.repeat(32), receivedAt: 1e12 })
  } catch (error) {
    if (error instanceof IngestError && error.kind === 'malformed') return error
    throw new Error(`${signal} ${shown({ encoding, bytes })}`, { cause: error })
  }
}

const readByJudge = ({ signal, encoding, bytes }: Body): Request | Error => {
  try {
    return encoding === 'json' ? fromOtlpJson(signal, bytes) : fromProtobuf(signal, bytes)
  } catch (error) {
    return error as Error
  }
}

/** A body in one line: what a report of a failure needs. */
const shown = ({ encoding, bytes }: Pick<Body, 'encoding' | 'bytes'>): string =>
  `${encoding} ${Buffer.from(bytes).toString(encoding === 'json' ? 'utf8' : 'hex')}`
