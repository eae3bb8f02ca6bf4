// Protects what goes over the wire to S3 Tables and to Glue: every byte of each request, headers and signature among them, is
// that of a file in golden/, and so is every byte of the answer. `UPDATE_GOLDEN=1` writes these files anew; nothing else does.
// What Lambda's bundle has instead of Node's fetch and its hashes sends the same, but for headers that nobody signs.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import * as light from '../../../../runtimes/lambda/fetch-api.ts'
import { crypto as lightCrypto } from '../../../../runtimes/lambda/web-crypto.ts'
import { restAuth } from '../../../../runtimes/shared/rest-auth.ts'
import { readConfig } from '../../../../src/config.ts'
import { appendTo } from '../../../../src/iceberg/append.ts'
import { addColumns } from '../../../../src/iceberg/schema-update.ts'
import { tableCreation } from '../../../../src/ingest/table-creation.ts'
import { tables } from '../../../../src/tables/tables.ts'
import { FakeTables } from '../fake-tables.ts'
import { expectedAuthorization, payloadHash } from '../judge.ts'
import { openCatalog } from '../open.ts'
import { type Exchange, playHosts, type WireRequest, wholeRequest } from './hosts.ts'
import { createService, credentials, glueIn, type ServiceKind, s3TablesIn } from './service.ts'

const region = 'us-east-1'
const kinds: readonly ServiceKind[] = [
  s3TablesIn(region, 'otlp2parquet-tables'),
  glueIn(region, 'otlp2parquet-tables'),
]

/** What is asked, in this order. */
const steps = [
  '1-config',
  '2-create-table-without-namespace',
  '3-create-namespace',
  '4-create-table',
  '5-load-table',
  '6-commit-append',
  '7-commit-columns',
  '8-commit-conflict',
]

const uuid = (digit: number) => `${String(digit).repeat(8)}-0000-4000-8000-000000000000` as const

/** A program's way from nothing to rows, with a column that came later. */
const walk = async ({ signingName, warehouse }: ServiceKind): Promise<void> => {
  const uri = `https://${signingName}.${region}.amazonaws.com/iceberg`
  const env = { OTLP2PARQUET_ICEBERG_REST_URI: uri, OTLP2PARQUET_ICEBERG_WAREHOUSE: warehouse }
  const auth = restAuth(uri, readConfig(env, 'node'), async () => credentials)
  const catalog = openCatalog(uri, { warehouse, auth })
  const logs = { namespace: ['otel'], name: 'logs' }
  const ours = tables.find(({ name }) => name === 'logs')
  if (ours === undefined) throw new Error('there are logs')
  await catalog.create(logs, tableCreation(ours, 'day'))
  const loaded = await catalog.load(logs)
  if (loaded === null) throw new Error('it was made')
  const addition = {
    snapshotId: 7802446015091393218n,
    version: '0.1.0',
    manifests: [],
    added: { files: 2, records: 1000, bytes: 40_000, partitions: 1 },
  }
  const { commit } = await appendTo(loaded.metadata, [], addition, Date.now())
  const appended = await catalog.commit(loaded, commit)
  if (appended.kind !== 'committed') throw new Error(appended.reason)
  const later = { id: 1, name: 'later', required: false, type: 'string' } as const
  const widened = await catalog.commit(appended.table, addColumns(appended.table.metadata, [later]))
  if (widened.kind !== 'committed') throw new Error(widened.reason)
  expect(await catalog.commit(loaded, commit)).toMatchObject({ kind: 'conflict' })
}

/** What is asked on the way, and answered, at a time and with ids that are always the same. */
const exchangesOf = async (kind: ServiceKind, isBundle = false): Promise<readonly Exchange[]> => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 10, 26, 12) })
  const made = new FakeTables({
    locationOf: () => 's3://63a8e430-6e0b-46f5-k833abtwr6s8tmtsycedn8s4yc3xhuse1b--table-s3',
    newUuid: () => uuid(1),
  })
  const hosts = await playHosts(createService(kind, made).answer)
  try {
    if (isBundle) {
      const globals = { ...light, crypto: lightCrypto }
      for (const [name, ours] of Object.entries(globals)) vi.stubGlobal(name, ours)
    }
    vi.spyOn(crypto, 'randomUUID').mockReturnValue(uuid(2))
    await walk(kind)
    return hosts.exchanges
  } finally {
    vi.unstubAllGlobals()
    await hosts.close()
    vi.restoreAllMocks()
    vi.useRealTimers()
  }
}

const folderOf = ({ signingName }: ServiceKind) => join(import.meta.dirname, 'golden', signingName)

describe.each(kinds)('$signingName', (kind) => {
  const folder = folderOf(kind)
  const golden = (name: string) => readFileSync(join(folder, name))
  let exchanges: readonly Exchange[]

  beforeAll(async () => {
    exchanges = await exchangesOf(kind)
    if (process.env.UPDATE_GOLDEN !== '1') return
    mkdirSync(folder, { recursive: true })
    exchanges.forEach(({ request, answer }, i) => {
      writeFileSync(join(folder, `${steps[i]}.request`), request)
      writeFileSync(join(folder, `${steps[i]}.answer`), answer)
    })
  })

  it('is asked for nothing else', () => {
    expect(exchanges).toHaveLength(steps.length)
    const files = steps.flatMap((step) => [`${step}.answer`, `${step}.request`])
    expect(readdirSync(folder).sort()).toEqual(files)
  })

  describe.each(steps.map((step, i) => ({ step, i })))('$step', ({ step, i }) => {
    it('is these bytes', () => {
      const { request, answer } = exchanges[i] ?? {}
      expect(request?.toString()).toBe(golden(`${step}.request`).toString())
      expect(answer?.toString()).toBe(golden(`${step}.answer`).toString())
      expect(request?.equals(golden(`${step}.request`))).toBe(true)
    })

    it("is signed as AWS's own signer signs it", async () => {
      const request = wholeRequest(golden(`${step}.request`))
      if (request === null) throw new Error('the file is cut')
      const { authorization, ...headers } = request.headers
      const { signingName: service } = kind
      expect(authorization).toBe(
        await expectedAuthorization(request, { service, region, credentials }),
      )
      expect(authorization).toContain(`/20261126/${region}/${service}/aws4_request`)
      expect(headers['x-amz-content-sha256']).toBe(payloadHash(request))
    })
  })
})

/** What a service looks at. */
const lookedAt = ({ method, url, content, headers }: WireRequest) => {
  const { authorization, 'content-type': type, 'content-length': length } = headers
  const [, names = ''] = /SignedHeaders=([^,]+)/.exec(authorization ?? '') ?? []
  const signed = names.split(';').map((name) => [name, headers[name]])
  return { method, url, authorization, type, length, signed, body: content.toString() }
}

describe.each(kinds)("$signingName, by what Lambda's bundle has", (kind) => {
  let exchanges: readonly Exchange[]
  beforeAll(async () => {
    exchanges = await exchangesOf(kind, true)
  })

  it('is asked for nothing else, by another client', () => {
    expect(exchanges).toHaveLength(steps.length)
    for (const { request } of exchanges) expect(request.toString()).not.toContain('sec-fetch-mode')
  })

  it.each(steps.map((step, i) => ({ step, i })))('$step', async ({ step, i }) => {
    const request = wholeRequest(exchanges[i]?.request ?? Buffer.alloc(0))
    const golden = wholeRequest(readFileSync(join(folderOf(kind), `${step}.request`)))
    if (request === null || golden === null) throw new Error('a request is cut')
    expect(lookedAt(request)).toEqual(lookedAt(golden))
    const { authorization, 'x-amz-security-token': token } = request.headers
    const { signingName: service } = kind
    expect(authorization).toBe(
      await expectedAuthorization(request, { service, region, credentials }),
    )
    expect(authorization).toMatch(/SignedHeaders=[^,]*x-amz-security-token/)
    expect([token, request.host]).toEqual([
      credentials.sessionToken,
      `${service}.${region}.amazonaws.com`,
    ])
    expect(request.headers['x-amz-content-sha256']).toBe(payloadHash(request))
  })
})
