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

/** moto with users and roles: it refuses whoever is neither, wrong signatures, and what they may not do. */
export interface GuardedS3 extends S3Server {
  /** The ARN of a role that may get and put objects, and that the user whose keys these are may assume. */
  readonly role: string
}

/** Starts moto as AWS is: with keys of a user, and nobody else at its bucket. */
export const startGuardedMoto = async (bucket = 'lake'): Promise<GuardedS3> => {
  const server = await startMoto(bucket)
  const iam = iamOf(server)
  const all = statement({ Action: '*', Resource: '*' })
  await iam({ Action: 'CreateUser', UserName: 'operator' })
  await iam({
    Action: 'PutUserPolicy',
    UserName: 'operator',
    PolicyName: 'all',
    PolicyDocument: all,
  })
  const keys = await iam({ Action: 'CreateAccessKey', UserName: 'operator' })
  const trust = statement({ Action: 'sts:AssumeRole', Principal: { AWS: '*' } })
  const role = { RoleName: 'writer', AssumeRolePolicyDocument: trust }
  const made = await iam({ Action: 'CreateRole', ...role })
  const files = statement({ Action: ['s3:GetObject', 's3:PutObject'], Resource: '*' })
  const policy = { PolicyName: 'files', PolicyDocument: files }
  await iam({ Action: 'PutRolePolicy', RoleName: role.RoleName, ...policy })
  // From now on it looks at who calls.
  await fetch(`${server.endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' })
  return {
    ...server,
    accessKeyId: elementOf(keys, 'AccessKeyId'),
    secretAccessKey: elementOf(keys, 'SecretAccessKey'),
    role: elementOf(made, 'Arn'),
  }
}

const statement = (allowed: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...allowed }] })

/** Asks moto's IAM, whose answers are XML. */
const iamOf =
  ({ endpoint, region, accessKeyId, secretAccessKey }: S3Access) =>
  async (form: Readonly<Record<string, string>>): Promise<string> => {
    const options = { accessKeyId, secretAccessKey, region, service: 'iam', retries: 0 }
    const body = String(new URLSearchParams({ ...form, Version: '2010-05-08' }))
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const response = await new AwsClient(options).fetch(endpoint, { method: 'POST', headers, body })
    const text = await response.text()
    if (!response.ok) throw new Error(`cannot ${form.Action}: ${text}`)
    return text
  }

const elementOf = (xml: string, name: string): string =>
  new RegExp(`<${name}>(.*?)</${name}>`).exec(xml)?.[1] ?? ''

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
