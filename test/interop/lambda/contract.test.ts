/**
 * Protects HTTP on Lambda as it is deployed: every case of the contract, sent over HTTP to a bridge that makes events of
 * it, answered by the built function under AWS's emulator and AWS's runtime, and the rows that stand afterwards.
 */
import { readdir, readFile, rm } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Configuration } from '../../http/case.ts'
import { groups } from '../../http/cases/cases.ts'
import { problems } from '../../http/check.ts'
import { sendOver } from '../../http/send.ts'
import { rowsOfFile, storedProblems } from '../../http/stored.ts'
import type { TableRow } from '../../judge/rows.ts'
import { type Bridge, startBridge } from './bridge.ts'
import { builtFunction } from './built.ts'
import { type EmulatedFunction, startFunction } from './emulator.ts'

let built: { folder: string; task: string }
beforeAll(async () => {
  built = await builtFunction()
})
afterAll(() => rm(built.folder, { recursive: true }))

/** A group's configuration as variables. Equal bodies count each time: many cases send the same. */
const environmentOf = (configuration: Configuration = {}): Record<string, string> => {
  const { auth, corsOrigins, maxPayloadBytes = 8 << 20, basePath } = configuration
  const given = {
    OTLP2PARQUET_DEDUPE: 'off',
    OTLP2PARQUET_AUTH: auth?.kind ?? 'none',
    OTLP2PARQUET_AUTH_TOKENS: auth && 'tokens' in auth ? auth.tokens.join(',') : undefined,
    OTLP2PARQUET_CORS_ORIGINS: corsOrigins?.join(','),
    OTLP2PARQUET_MAX_PAYLOAD_BYTES: String(maxPayloadBytes),
    OTLP2PARQUET_BASE_PATH: basePath,
  }
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** A limit for what is in flight below that of one request, with which nothing starts; one is in flight at a time here. */
const beyondVariables = (configuration?: Configuration): boolean =>
  configuration?.maxInflightBytes !== undefined

const startable = groups.filter(({ configuration }) => !beyondVariables(configuration))

describe.each(startable)('$name', ({ cases, configuration }) => {
  let started: EmulatedFunction
  let bridge: Bridge
  let data: string
  beforeAll(async () => {
    data = join(built.folder, 'data')
    started = await startFunction({
      task: built.task,
      env: {
        OTLP2PARQUET_STORAGE_BACKEND: 'fs',
        OTLP2PARQUET_STORAGE_PATH: data,
        ...environmentOf(configuration),
      },
    })
    bridge = await startBridge('Function URL', started.invoke)
  })
  afterAll(async () => {
    await bridge.stop()
    await started.stop()
    await rm(data, { recursive: true })
  })

  test.each(cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    const answer = await sendOver(bridge.url)(one.request)
    expect(problems(one, answer)).toEqual([])
    expect(storedProblems(one, await takeRows(data))).toEqual([])
  })
})

/** The rows stored since the last call. */
const takeRows = async (folder: string): Promise<TableRow[]> => {
  const names = await readdir(folder, { recursive: true })
  const files = names.filter((name) => name.endsWith('.parquet'))
  const rows = files.map(async (name) => {
    const bytes = await readFile(join(folder, name))
    return rowsOfFile(name.split(sep).join('/'), bytes)
  })
  const taken = (await Promise.all(rows)).flat()
  for (const name of files) await rm(join(folder, name))
  return taken
}
