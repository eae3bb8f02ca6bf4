/** What the Collector understood of a case, compared with what the judge reads. */
import { isDeepStrictEqual } from 'node:util'
import { type JsonValue, toJson } from '@bufbuild/protobuf'
import type { Case } from '../http/case.ts'
import { differenceOf } from '../http/differences.ts'
import { meaningOf, readProtobuf, signalOf } from '../http/meaning.ts'
import { isExport } from '../http/stored.ts'
import { normalize } from '../judge/normalize.ts'
import { entriesOf, type Request, requestOf, schemas } from '../judge/request.ts'

/** A request of the Collector's exporter, in protobuf. */
export interface PassedOn {
  readonly path: string
  readonly body: Uint8Array
}

/** What is wrong with it: after a 200 the records that were sent, else none, or what is listed. */
export const passedOnProblems = (
  test: Case,
  status: number,
  requests: readonly PassedOn[],
): string[] => {
  const { passedOn } = differenceOf(test) ?? {}
  if (passedOn === 'unreadable') return readable(requests) ? ['the judge can read it'] : []
  const found = requests.map(({ path, body }) => readProtobuf(signalOf(path), body))
  const records = found.flatMap(entriesOf).length
  if (passedOn !== undefined || status !== 200 || !isExport(test)) {
    const wanted = passedOn ?? 0
    return records === wanted ? [] : [`${records} records passed on instead of ${wanted}`]
  }
  const [got, sent] = [comparable(test, found), comparable(test, [meaningOf(test)])]
  if (isDeepStrictEqual(got, sent)) return []
  return [`passed on ${JSON.stringify(got)} instead of ${JSON.stringify(sent)}`]
}

const readable = (requests: readonly PassedOn[]): boolean => {
  try {
    for (const { path, body } of requests) readProtobuf(signalOf(path), body)
    return true
  } catch {
    return false
  }
}

/** All records as JSON. The Collector's own model has no absent messages: an empty one is none here. */
const comparable = ({ request: { path } }: Case, requests: readonly Request[]): JsonValue => {
  const signal = signalOf(path)
  const whole = normalize(requestOf(signal, requests.flatMap(entriesOf)))
  return withoutEmpty(toJson(schemas[signal], whole))
}

const withoutEmpty = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(withoutEmpty)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([key, held]) => [key, withoutEmpty(held)] as const)
  return Object.fromEntries(members.filter(([, held]) => !isEmpty(held)))
}

const isEmpty = (value: JsonValue): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0
