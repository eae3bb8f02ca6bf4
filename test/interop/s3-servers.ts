/** S3 servers on this machine: a strict one and a light one, each with one empty bucket. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import type { S3Access } from './catalogs/catalog.ts'
import { freePort, moto, type Service, serve, versitygw } from './programs.ts'

/** What a client has to know, and how to end the server. */
export interface S3Server {
  /** `http://127.0.0.1:…`; buckets stand in the path. */
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly bucket: string
  /** Makes another bucket. */
  createBucket(name: string): Promise<void>
  /** Ends the server; nothing of it remains. */
  stop(): Promise<void>
}

const ownRegion = 'us-east-1'

const credentials = { accessKeyId: 'AKIDINTEROP', secretAccessKey: 'interop/secret+key=' }

/** versitygw's objects are files. */
export interface FilesServer extends S3Server {
  /** Has a folder for each bucket. */
  readonly folder: string
}

/**
 * Starts versitygw, which refuses wrong signatures, regions and checksums. Its objects are files
 * with extended attributes below `parent`, whose file system has to know such.
 */
export const startVersitygw = async (
  bucket = 'lake',
  parent = tmpdir(),
  region = ownRegion,
): Promise<FilesServer> => {
  const folder = await mkdtemp(join(parent, 'interop-versitygw-'))
  const port = await freePort()
  const flags = ['--port', `127.0.0.1:${port}`, '--region', region, '--health', '/health']
  const env = {
    ROOT_ACCESS_KEY: credentials.accessKeyId,
    ROOT_SECRET_KEY: credentials.secretAccessKey,
  }
  const args = [...flags, '--quiet', 'posix', folder]
  const service = await serve(versitygw, args, { port, ready: '/health', env })
  const clean = () => rm(folder, { recursive: true, force: true })
  return { ...(await s3Server(service, bucket, clean, region)), folder }
}

/** Starts moto, whose objects are in memory; it checks neither signatures nor checksums. */
export const startMoto = async (bucket = 'lake'): Promise<S3Server> => {
  const port = await freePort()
  const service = await serve(moto, ['-H', '127.0.0.1', '-p', String(port)], {
    port,
    ready: '/moto-api/',
  })
  return s3Server(service, bucket, async () => {})
}

/** Makes a bucket at any S3 server. */
export const makeBucket = async (
  { endpoint, region, accessKeyId, secretAccessKey }: S3Access,
  name: string,
): Promise<void> => {
  const options = { accessKeyId, secretAccessKey, region, service: 's3', retries: 0 }
  const response = await new AwsClient(options).fetch(`${endpoint}/${name}`, { method: 'PUT' })
  const text = await response.text()
  if (!response.ok) throw new Error(`cannot make the bucket ${name}: ${text}`)
}

const s3Server = async (
  service: Service,
  bucket: string,
  clean: () => Promise<void>,
  region = ownRegion,
): Promise<S3Server> => {
  const access = { endpoint: service.url, region, ...credentials, bucket }
  const createBucket = (name: string): Promise<void> => makeBucket(access, name)
  const stop = async (): Promise<void> => {
    await service.stop()
    await clean()
  }
  try {
    await createBucket(bucket)
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint: service.url, region, ...credentials, bucket, createBucket, stop }
}
