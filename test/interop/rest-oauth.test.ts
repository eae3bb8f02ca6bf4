/**
 * Protects who the program is to a catalog: Iceberg's own Java server gives it a token for its client credentials, and every
 * later call bears that; one that was set is borne as it is. The rows are there for readers that know nothing of us.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sendUntilAcknowledged } from '../faults/clients.ts'
import type { Entry } from '../faults/ledger.ts'
import { startProgram } from '../faults/program.ts'
import { judgeTables } from '../faults/table-judge.ts'
import { startJavaRest } from './catalogs/java-rest.ts'
import { type Passed, startProxy } from './proxy.ts'

/** Sends some requests by a program with this authorization; the calls that its catalog got. */
const callsWith = async (env: Readonly<Record<string, string>>): Promise<readonly Passed[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-oauth-'))
  const catalog = await startJavaRest()
  const proxy = await startProxy(catalog.uri)
  try {
    const program = await startProgram({
      folder,
      env: { OTLP2PARQUET_ICEBERG_REST_URI: proxy.url, OTLP2PARQUET_COMMIT: 'inline', ...env },
    })
    const entries: Entry[] = []
    for (let first = 0; first < 30; first += 10) {
      const sizes = { records: 10, services: 2, hours: 1 }
      const request = { run: '7', client: 0, signal: 'logs', first, ...sizes } as const
      await sendUntilAcknowledged(program.url, request, entries)
    }
    expect(await program.stop()).toBe(0)
    const statuses = entries.flatMap((one) => ('answer' in one ? [one.answer.status] : []))
    expect(statuses.filter((status) => status === 200).length).toBe(3)
    const tables = [{ table: 'logs', ref: { catalog, namespace: 'otel', name: 'logs' } }] as const
    expect(await judgeTables([{ entries, tables }])).toEqual([[]])
    return proxy.passed
  } finally {
    await proxy.stop()
    await catalog.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const isToken = ({ path }: Passed): boolean => path.includes('/oauth/tokens')
const authorizations = (calls: readonly Passed[]): readonly (string | undefined)[] => [
  ...new Set(calls.filter((call) => !isToken(call)).map(({ headers }) => headers.authorization)),
]

it('is a client with credentials of its own', { timeout: 120_000 }, async () => {
  const calls = await callsWith({ OTLP2PARQUET_ICEBERG_CREDENTIAL: 'writer:s3cr=t&%+' })
  const [asked, ...again] = calls.filter(isToken)
  expect(again.length).toBe(0)
  expect(asked?.status).toBe(200)
  const form = Object.fromEntries(new URLSearchParams(String(asked?.body)))
  expect(form).toMatchObject({ grant_type: 'client_credentials' })
  // The server's token names the client that it read from the request.
  expect(authorizations(calls)).toEqual(['Bearer client-credentials-token:sub=writer'])
  expect(calls.length).toBeGreaterThan(6)
})

it('is the bearer of a token that was set', { timeout: 120_000 }, async () => {
  const calls = await callsWith({ OTLP2PARQUET_ICEBERG_TOKEN: 'a.token-of~mine' })
  expect([calls.filter(isToken).length, authorizations(calls)]).toEqual([
    0,
    ['Bearer a.token-of~mine'],
  ])
})
