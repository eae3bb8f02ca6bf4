/**
 * Protects our reading of OTLP/HTTP: the Collector's own receiver answers every case of the contract
 * as we do and understands the same records, but for the differences that are listed with their
 * reasons (test/http/dialect.ts, differences.ts). One that is not listed fails; so does one that is
 * listed and gone.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { standard } from '../http/cases/cases.ts'
import { limits } from '../http/cases/configured.ts'
import { problems } from '../http/check.ts'
import { collector } from '../http/dialect.ts'
import { differenceOf, unknownNames } from '../http/differences.ts'
import { sendOver } from '../http/send.ts'
import { passedOnProblems } from './passed-on.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const groups = [...standard, limits]

describe.each(groups)('$name', ({ cases, configuration }) => {
  let receiver: Receiver
  beforeAll(async () => {
    receiver = await startReceiver(configuration?.maxPayloadBytes)
  })
  afterAll(() => receiver.stop())

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    receiver.takeRequests()
    const answer = await sendOver(receiver.url)(one.request)
    expect(problems(one, answer, collector)).toEqual([])
    expect(passedOnProblems(one, answer.status, receiver.takeRequests())).toEqual([])
  })
})

test('every listed difference is one of a case, and has a reason', () => {
  const cases = groups.flatMap((group) => group.cases)
  expect(unknownNames(cases.map(({ name }) => name))).toEqual([])
  const idle = cases.filter((one) => {
    const { answer, passedOn, reason } = differenceOf(one) ?? { reason: '-' }
    return (
      reason === '' ||
      (passedOn === undefined && answer?.status === one.expect.status && !one.expect.rejected)
    )
  })
  expect(idle.map(({ name }) => name)).toEqual([])
})
