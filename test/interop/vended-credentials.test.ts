/**
 * Protects writing with credentials that a catalog hands out with a table: the program has none of its own. Those that the
 * storage refuses, and those whose time is over, are got anew from the catalog, and no acknowledged row is lost by it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendUntilAcknowledged } from '../faults/clients.ts'
import type { Entry } from '../faults/ledger.ts'
import { startProgram } from '../faults/program.ts'
import { type Call, startFaultProxy } from '../faults/proxy.ts'
import { judgeTables } from '../faults/table-judge.ts'
import type { RestCatalog, S3Access } from './catalogs/catalog.ts'
import { startJavaRest, vending } from './catalogs/java-rest.ts'
import { assuming, startNessie } from './catalogs/nessie.ts'
import { loadTable } from './readers/iceberg-paths.ts'
import { type GuardedS3, startGuardedMoto, startVersitygw } from './s3-servers.ts'

/** A catalog that hands out credentials, the S3 with its tables, and whether these are of a session. */
interface Place {
  readonly catalog: RestCatalog
  readonly s3: S3Access
  readonly ofSession: boolean
  readonly stop: () => Promise<void>
}

const inPlace = async (
  s3: S3Access & { stop(): Promise<void> },
  starting: Promise<RestCatalog>,
  ofSession = false,
): Promise<Place> => {
  const catalog = await starting
  const stop = async () => {
    await catalog.stop()
    await s3.stop()
  }
  return { catalog, s3, ofSession, stop }
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  "Iceberg's Java server, versitygw": async () => {
    const s3 = await startVersitygw()
    return inPlace(s3, startJavaRest(s3, vending(s3)))
  },
  "Iceberg's Java server, moto": async () => {
    const s3 = await startGuardedMoto()
    return inPlace(s3, startJavaRest(s3, vending(s3)))
  },
  'Nessie, which assumes a role at moto': async () => {
    const s3: GuardedS3 = await startGuardedMoto()
    return inPlace(s3, startNessie(s3, assuming(s3.role, s3)), true)
  },
}

/** Nothing in which AWS's tools would find credentials. */
const noCredentials = {
  AWS_ACCESS_KEY_ID: '',
  AWS_SECRET_ACCESS_KEY: '',
  AWS_SESSION_TOKEN: '',
  AWS_PROFILE: '',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** What is done to credentials in a catalog's answers until it is asked for new ones: one text in the place of another. */
type Spoiling = Readonly<Record<string, string>>
const spoilings: Readonly<Record<'good' | 'refused' | 'over', Spoiling>> = {
  good: {},
  refused: { '"s3.access-key-id"': '"s3.access-key-id": "NOBODYS", "rest"' },
  over: { '"s3.secret-access-key"': '"expiration-time": "1", "s3.secret-access-key"' },
}

/** A call that the program made: `PUT files 200`. */
type Called = `${string} ${'table' | 'credentials' | 'files'} ${number | null}`

interface Written {
  readonly entries: readonly Entry[]
  readonly calls: readonly Called[]
}

/** Has a program write some requests to a table of its own, catalog and S3 each behind a proxy. */
const writtenWith = async (
  { catalog, s3 }: Place,
  namespace: string,
  spoiling: Spoiling,
): Promise<Written> => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-vended-'))
  const files = await startFaultProxy({ target: s3.endpoint, decide: () => ({ do: 'pass' }) })
  const rewrite: Record<string, string> = { ...spoiling, [s3.endpoint]: files.url }
  const origin = new URL(catalog.uri).origin
  const decide = ({ method, path }: Call) => {
    if (isRenewal(method, path)) for (const text of Object.keys(spoiling)) delete rewrite[text]
    return { do: 'pass' } as const
  }
  const tables = await startFaultProxy({ target: origin, decide, rewrite })
  try {
    const env = {
      OTLP2PARQUET_ICEBERG_REST_URI: catalog.uri.replace(origin, tables.url),
      OTLP2PARQUET_ICEBERG_NAMESPACE: namespace,
      OTLP2PARQUET_S3_ENDPOINT: files.url,
      OTLP2PARQUET_S3_REGION: s3.region,
      OTLP2PARQUET_COMMIT: 'inline',
    }
    const program = await startProgram({ folder, env: { ...noCredentials, ...env } })
    const entries: Entry[] = []
    try {
      for (let first = 0; first < 30; first += 10) {
        const sizes = { records: 10, services: 2, hours: 1 }
        const request = { run: '7', client: 0, signal: 'logs', first, ...sizes } as const
        await sendUntilAcknowledged(program.url, request, entries)
      }
    } finally {
      await program.stop()
    }
    const calls = [
      ...tables.log.map(
        ({ method, path, landed }): Called =>
          `${method} ${isRenewal(method, path) ? 'credentials' : 'table'} ${landed}`,
      ),
      ...files.log.map(({ method, landed }): Called => `${method} files ${landed}`),
    ]
    return { entries, calls }
  } finally {
    await tables.stop()
    await files.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether a call is for the credentials alone, or for a table that is known otherwise. */
const isRenewal = (method: string, path: string): boolean =>
  method === 'GET' && (path.endsWith('/credentials') || path.endsWith('?snapshots=refs'))

/** The keys that a catalog hands out with a table. */
const keysFor = async ({ catalog }: Place, namespace: string): Promise<readonly unknown[]> => {
  const headers = { 'x-iceberg-access-delegation': 'vended-credentials' }
  const { config = {} } = await loadTable({ catalog, namespace, name: 'logs' }, headers)
  return [config['s3.access-key-id'], config['s3.session-token']]
}

describe.each(Object.entries(places))('%s', (_, start) => {
  const cases = Object.keys(spoilings) as (keyof typeof spoilings)[]
  let place: Place
  const written = new Map<string, Written>()
  const violations = new Map<string, readonly string[]>()

  beforeAll(async () => {
    place = await start()
    for (const name of cases) written.set(name, await writtenWith(place, name, spoilings[name]))
    const runs = cases.map((name) => {
      const ref = { catalog: place.catalog, namespace: name, name: 'logs' }
      return { entries: written.get(name)?.entries ?? [], tables: [{ table: 'logs', ref }] }
    })
    const found = await judgeTables(runs)
    for (const [i, name] of cases.entries()) violations.set(name, found[i] ?? [])
  }, 240_000)
  afterAll(() => place.stop())

  const times = (name: string, call: Called): number =>
    written.get(name)?.calls.filter((one) => one === call).length ?? 0

  const refusals = (name: string): number =>
    // versitygw says of an unknown key that there is no such user.
    times(name, 'PUT files 403') + times(name, 'PUT files 404')

  /** What was stored, at least once for each request's files, and how often new credentials were asked for. */
  const stored = (name: string) => ({
    all: times(name, 'PUT files 200') >= 9,
    renewals: times(name, 'GET credentials 200'),
  })

  it('lets the program at the files of its table', async () => {
    expect(violations.get('good')).toEqual([])
    expect(stored('good')).toEqual({ all: true, renewals: 0 })
    const [id, token = ''] = await keysFor(place, 'good')
    // A user's own keys begin otherwise than those of a session, which have a token.
    if (place.ofSession)
      expect([id, token]).toEqual([expect.stringMatching(/^ASIA/), expect.stringMatching(/./)])
    else expect([id, token]).toEqual([place.s3.accessKeyId, ''])
  })

  it('is asked anew where the storage refuses what was handed out', () => {
    expect(violations.get('refused')).toEqual([])
    expect(refusals('refused')).toBeGreaterThan(0)
    expect(stored('refused')).toEqual({ all: true, renewals: 1 })
  })

  it('is asked anew where its time is over, before anything is signed with it', () => {
    expect(violations.get('over')).toEqual([])
    expect(refusals('over')).toBe(0)
    expect(stored('over')).toEqual({ all: true, renewals: 1 })
  })
})
