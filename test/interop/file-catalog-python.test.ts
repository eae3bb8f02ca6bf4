/**
 * Protects infra/maintenance/file_catalog.py, by which PyIceberg writes tables of the file catalog: it keeps to the catalog's
 * rules, on disk and in a bucket, so that nobody's commit is lost.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { here, pyiceberg, run } from './programs.ts'
import { startVersitygw } from './s3-servers.ts'

const PYTHONPATH = here('infra/maintenance')

interface Place {
  readonly root: string
  readonly properties: Readonly<Record<string, string>>
  readonly stop: () => Promise<void>
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  'on disk': async () => {
    const root = await mkdtemp(join(tmpdir(), 'interop-python-'))
    return { root, properties: {}, stop: () => rm(root, { recursive: true }) }
  },
  'on versitygw': async () => {
    const { endpoint, region, accessKeyId, secretAccessKey, bucket, stop } = await startVersitygw()
    const properties = {
      's3.endpoint': endpoint,
      's3.region': region,
      's3.access-key-id': accessKeyId,
      's3.secret-access-key': secretAccessKey,
    }
    return { root: `s3://${bucket}/some/prefix`, properties, stop }
  },
}

describe.each(Object.entries(places))('%s', (_, open) => {
  let place: Place
  beforeAll(async () => {
    place = await open()
  })
  afterAll(() => place?.stop())

  const outcome = async (rule: string): Promise<unknown> => {
    const script = here('test/interop/writers/file_catalog_rules.py')
    const args = [script, rule, place.root, JSON.stringify(place.properties)]
    return JSON.parse(await run(pyiceberg, args, { env: { PYTHONPATH } }))
  }

  it('of those who make a table at once one does', async () => {
    expect(await outcome('makers')).toBe(1)
  })

  it('of those who change a table at once none undoes what another did', async () => {
    const properties = [0, 1, 2, 3, 4, 5].map((i) => `of ${i}`)
    expect(await outcome('changers')).toEqual(['v7.metadata.json', properties])
  })

  it('who looked long ago writes to the table as it is now', async () => {
    expect(await outcome('sleeper')).toEqual([[0, 1, 2, 3], '5'])
  })

  it('a table is found whatever its hint says', async () => {
    expect(await outcome('lost_hint')).toEqual([[0], [0]])
  })
})

it('says that there are no keys', async () => {
  const nowhere = { AWS_ACCESS_KEY_ID: '', AWS_EC2_METADATA_DISABLED: 'true', HOME: '/nonexistent' }
  const env = { PYTHONPATH, ...nowhere }
  const program = 'from file_catalog import FileCatalog; FileCatalog("s3://lake")'
  await expect(run(pyiceberg, ['-c', program], { env })).rejects.toThrow(
    'no keys for S3 are found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
  )
})
