// Protects the files of tables: a path in metadata leads to the object that its writer meant, with the credentials that
// the catalog gave for it, and a table that cannot be reached says so.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createOpenFileIO } from '../../runtimes/node/open-file-io.ts'
import type { FileIO, FileProperties } from '../../src/iceberg/file-io.ts'
import { noLog } from '../../src/log.ts'
import { accessKeyId, type S3Fake, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'
import { temporaryFolder } from './program.ts'

const bytes = new TextEncoder().encode('avro')
const once = { ifNoneMatch: '*' } as const

/** Opens with the program's own settings, and what the catalog sent. */
const open = async (
  location: string,
  properties: FileProperties = {},
  config: { s3Region?: string; s3Endpoint?: string } = {},
  renew?: () => Promise<FileProperties>,
): Promise<FileIO> =>
  createOpenFileIO({
    config: { s3Region: undefined, s3Endpoint: undefined, ...config },
    credentials: async () => ({ accessKeyId, secretAccessKey }),
    log: noLog,
  })(location, properties, renew)

describe('a table on S3', () => {
  let fake: S3Fake
  beforeEach(async () => {
    fake = await startS3Fake()
  })
  afterEach(() => fake.stop())

  const own = () => ({ s3Region: fake.region, s3Endpoint: fake.endpoint })
  const keys = () => [...fake.bucket.objects.keys()]

  test.each(['s3', 's3a', 's3n'])('%s:', async (scheme) => {
    const io = await open(`${scheme}://lake/wh/t`, {}, own())
    const path = `${scheme}://lake/wh/t/data/1-2.parquet`
    expect(await io.put(path, bytes, once)).toBe('created')
    expect(await io.put(path, bytes, once)).toBe('exists')
    expect(await io.get(path)).toEqual(bytes)
    expect(await io.head(path)).toMatchObject({ size: 4 })
    expect(await io.get(`${path}x`)).toBeNull()
    expect(keys()).toEqual(['wh/t/data/1-2.parquet'])
  })

  test.each(['/wh//t/metadata//v1.json', '/wh/.t/._x', '/a%2Fb/day=1/c d?e#f', '/%00e/100%'])(
    'the path %s means itself',
    async (path) => {
      const io = await open('s3://lake/wh/t', {}, own())
      fake.bucket.store(path.slice(1), Buffer.from(bytes))
      expect(await io.get(`s3://lake${path}`)).toEqual(bytes)
      expect(fake.seen).toHaveLength(1)
    },
  )

  test('what the catalog says stands above what is configured', async () => {
    fake.keys.clear()
    fake.keys.set('ASIA', { secret: 's', token: 't' })
    const properties = {
      's3.access-key-id': 'ASIA',
      's3.secret-access-key': 's',
      's3.session-token': 't',
      's3.endpoint': fake.endpoint,
      'client.region': fake.region,
      's3.path-style-access': 'true',
    }
    const elsewhere = { s3Region: 'us-west-2', s3Endpoint: 'http://127.0.0.1:9' }
    const io = await open('s3://lake/t', properties, elsewhere)
    expect(await io.put('s3://lake/t/a', bytes, once)).toBe('created')
    const other = await open('s3://lake/t', { ...properties, 's3.region': 'us-west-2' })
    await expect(other.get('s3://lake/t/a')).rejects.toThrow('configure eu-west-1')
  })

  test('credentials that are refused are renewed by the catalog', async () => {
    fake.keys.set('ASIA', { secret: 's', token: 'new' })
    const vended = (token: string) => ({
      's3.access-key-id': 'ASIA',
      's3.secret-access-key': 's',
      's3.session-token': token,
    })
    let renewed = 0
    const io = await open('s3://lake/t', vended('old'), own(), async () => {
      renewed++
      return vended('new')
    })
    expect(await io.put('s3://lake/t/a', bytes, once)).toBe('created')
    expect(await io.get('s3://lake/t/a')).toEqual(bytes)
    expect(renewed).toBe(1)
  })

  test('credentials that are about to end are renewed before', async () => {
    fake.keys.set('ASIA', { secret: 's', token: 'new' })
    const vended = (token: string, lifeMs: number) => ({
      's3.access-key-id': 'ASIA',
      's3.secret-access-key': 's',
      's3.session-token': token,
      's3.session-token-expires-at-ms': String(Date.now() + lifeMs),
    })
    const renew = async () => vended('new', 3_600_000)
    const io = await open('s3://lake/t', vended('old', -1), own(), renew)
    expect(await io.put('s3://lake/t/a', bytes, once)).toBe('created')
    expect(fake.seen.map(({ headers }) => headers['x-amz-security-token'])).toEqual(['new'])
  })

  test('a file in another bucket is asked for there', async () => {
    const io = await open('s3://lake/t', {}, own())
    await expect(io.get('s3://other/t/a')).rejects.toThrow('the bucket does not exist')
    expect(fake.seen[0]?.path).toBe('/other/t/a')
  })

  test('no region is a clear word', async () => {
    await expect(open('s3://lake/t')).rejects.toThrow('no region is configured for S3')
  })
})

describe('a table on this machine', () => {
  const at: Record<string, (folder: string) => string> = {
    'an absolute path': (folder) => folder,
    'file:/…': (folder) => `file:${folder}`,
    'file:///…': (folder) => `file://${folder}`,
    'file://localhost/…': (folder) => `file://localhost${folder}`,
    'a slash at its end': (folder) => `file://${folder}/`,
  }
  test.each(Object.entries(at))('%s', async (_, locate) => {
    const folder = `${temporaryFolder()}/wh/t`
    const io = await open(locate(folder))
    const path = `${locate(folder).replace(/\/$/, '')}/data/a b%20.parquet`
    expect(await io.get(path)).toBeNull()
    expect(await io.head(path)).toBeNull()
    expect(await io.put(path, bytes, once)).toBe('created')
    expect(await io.put(path, bytes, once)).toBe('exists')
    expect(await io.get(path)).toEqual(bytes)
    expect(await io.head(path)).toMatchObject({ size: 4 })
    expect(readdirSync(`${folder}/data`)).toEqual(['a b%20.parquet'])
  })

  test('is read where other writers put things, and not touched by that', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 't/.meta'), { recursive: true })
    writeFileSync(join(folder, 't/.meta/.v1'), bytes)
    writeFileSync(join(folder, 'elsewhere'), bytes)
    const io = await open(`file://${folder}/t`)
    for (const path of ['t//.meta//.v1', 't/.meta/.v1', 'elsewhere']) {
      expect(await io.get(`file://${folder}/${path}`), path).toEqual(bytes)
      expect(await io.head(`file://${folder}/${path}`), path).toMatchObject({ size: 4 })
    }
    expect(await io.get(`file://${folder}/t`)).toBeNull()
    expect(await io.head(`file://${folder}/t`)).toBeNull()
    expect(readdirSync(join(folder, 't'))).toEqual(['.meta'])
  })

  test('is written below its location only', async () => {
    const folder = temporaryFolder()
    const io = await open(`file://${folder}/t`)
    for (const path of [`file://${folder}/t2/a`, `file://${folder}/a`, '/a', 's3://lake/a']) {
      await expect(io.put(path, bytes), path).rejects.toMatchObject({ kind: 'unavailable' })
    }
    await expect(io.put(`file://${folder}/t/../a`, bytes)).rejects.toMatchObject({
      kind: 'internal',
    })
    expect(readdirSync(folder).filter((name) => name !== 't')).toEqual([])
  })
})

test.each([
  ...['gs://lake/t', 'abfss://x@y.dfs.core.windows.net/t', 'hdfs://n/t', 'http://x/t'],
  ...['t', '', 'file://host/t', 's3:///t'],
])('%j is nowhere we can go', async (location) => {
  await expect(open(location)).rejects.toMatchObject({
    kind: 'unavailable',
    message: expect.stringMatching(/^the files of a table cannot be reached: its location/),
  })
})
