/**
 * Protects HTTP on Workers: every case of the contract, answered by the Worker in workerd, each answer decoded by the judge;
 * and the rows that stand in its bucket afterwards are the records that were sent.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Configuration } from '../http/case.ts'
import { groups } from '../http/cases/cases.ts'
import { problems } from '../http/check.ts'
import { sendOver } from '../http/send.ts'
import { rowsOfFile, storedProblems } from '../http/stored.ts'
import type { TableRow } from '../judge/rows.ts'
import { objectsOf, type RunningWorker, startWorker } from '../tools/worker.ts'

/** Variables of a configuration. Equal bodies count each time: many cases send the same. */
const variablesOf = ({ auth, corsOrigins, basePath, maxPayloadBytes }: Configuration = {}) => ({
  OTLP2PARQUET_DEDUPE: 'off',
  OTLP2PARQUET_MAX_PAYLOAD_BYTES: String(maxPayloadBytes ?? 8 << 20),
  OTLP2PARQUET_AUTH: auth?.kind ?? 'none',
  ...(auth && { OTLP2PARQUET_AUTH_TOKENS: auth.tokens.join(',') }),
  ...(corsOrigins && { OTLP2PARQUET_CORS_ORIGINS: corsOrigins.join(',') }),
  ...(basePath && { OTLP2PARQUET_BASE_PATH: basePath }),
})

const takeRows = async ({ bucket }: RunningWorker): Promise<TableRow[]> => {
  const objects = await objectsOf(bucket)
  const rows = [...objects].map(([key, bytes]) => rowsOfFile(key, bytes))
  for (const key of objects.keys()) await bucket.delete(key)
  return (await Promise.all(rows)).flat()
}

// A variable cannot set so little room for bytes in flight as one group wants.
const configurable = groups.filter(({ configuration }) => !configuration?.maxInflightBytes)

describe.each(configurable)('$name', ({ cases, configuration }) => {
  let worker: RunningWorker
  beforeAll(async () => {
    worker = await startWorker({ variables: variablesOf(configuration) })
  })
  afterAll(() => worker.stop())

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    const answer = await sendOver(worker.url)(one.request)
    expect(problems(one, answer)).toEqual([])
    expect(storedProblems(one, await takeRows(worker))).toEqual([])
  })
})
