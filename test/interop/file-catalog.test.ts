// Protects tables in a bucket without a catalog service: on servers of other people, strict ones too, compare-and-swap is
// what the file catalog takes it for.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { comparesAndSwaps, mindsTags } from '../../src/iceberg/file/compare-and-swap.ts'
import { noLog } from '../../src/log.ts'
import { createS3Storage } from '../../src/storage/s3.ts'
import { catalogContract } from '../contracts/catalog.ts'
import { type S3Server, startMoto, startVersitygw } from './s3-servers.ts'

const root = 's3://lake/tables'

describe.each([
  ['versitygw', startVersitygw],
  ['moto', startMoto],
])('on %s', (name, start) => {
  let server: S3Server
  let buckets = 0
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server?.stop())

  /** A bucket of its own, and storages of it. */
  const makeBucket = async () => {
    const bucket = `catalog-${buckets++}`
    await server.createBucket(bucket)
    const { endpoint, region } = server
    return () =>
      createS3Storage({
        bucket,
        prefix: 'tables',
        endpoint,
        region,
        credentials: async () => server,
      })
  }

  catalogContract(`the file catalog on ${name}`, async () => {
    const open = await makeBucket()
    return { connect: () => createFileCatalog({ storage: open(), root, log: noLog }) }
  })

  it('compare-and-swap is proven, again and again', async () => {
    const open = await makeBucket()
    const starts = Array.from({ length: 3 }, () => comparesAndSwaps(open()))
    expect(await Promise.all(starts)).toEqual([true, true, true])
    expect(await comparesAndSwaps(open())).toBe(true)
  })

  it('a wrong ETag is refused, again and again', async () => {
    const open = await makeBucket()
    const starts = Array.from({ length: 3 }, () => mindsTags(open()))
    expect(await Promise.all(starts)).toEqual([true, true, true])
    expect(await mindsTags(open())).toBe(true)
  })
})
