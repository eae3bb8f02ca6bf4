// Protects the program that stores in a bucket: where the variables point to, with the credentials that every AWS tool
// would find, and AWS's library only for those who need it.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { refuse } from '../storage/s3-bucket.ts'
import { accessKeyId, type S3Fake, secretAccessKey, startS3Fake } from '../storage/s3-server.ts'
import { root, startProgram, temporaryFolder } from './program.ts'

let fake: S3Fake
beforeEach(async () => {
  fake = await startS3Fake()
})
afterEach(() => fake.stop())

const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }

/** No file, no service and no variable of this machine is asked. */
const alone = {
  AWS_PROFILE: '',
  AWS_SESSION_TOKEN: '',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
}

const start = (env: Readonly<Record<string, string>>) =>
  startProgram({
    env: {
      ...alone,
      OTLP2PARQUET_STORAGE_BACKEND: 's3',
      OTLP2PARQUET_STORAGE_PREFIX: 'telemetry/prod',
      OTLP2PARQUET_S3_BUCKET: 'lake',
      OTLP2PARQUET_S3_ENDPOINT: fake.endpoint,
      AWS_REGION: fake.region,
      ...env,
    },
  })

const send = (url: string) =>
  fetch(`${url}/v1/logs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceLogs: [
        {
          resource: {
            attributes: [{ key: 'service.name', value: { stringValue: 'a b.c%' } }],
          },
          scopeLogs: [{ logRecords: [{ timeUnixNano: '1767225600000000000' }] }],
        },
      ],
    }),
  })

describe('a program that stores in a bucket', () => {
  test('writes there, and finds there what it wrote', async () => {
    const { url, said } = await start(keys)
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    expect([(await send(url)).status, (await send(url)).status]).toEqual([200, 200])
    expect([...fake.bucket.objects.keys()]).toEqual([
      expect.stringMatching(
        /^telemetry\/prod\/logs\/a%20b\.c%25\/year=2026\/month=01\/day=01\/hour=00\/1767225600000000-[\da-f-]{36}\.parquet$/,
      ),
    ])
    expect(said.stdout).toContain('writes to   s3://lake/telemetry/prod (plain Parquet, zstd)')
    expect(said.stdout).toContain("'s3://lake/telemetry/prod/logs/**/*.parquet'")
    expect(said.stdout).not.toContain(secretAccessKey)
  })

  test('says at its start, by /ready and to the sender that it cannot', async () => {
    fake.fault = () => refuse(403, 'AccessDenied')
    const { url, said } = await start(keys)
    const ready = await fetch(`${url}/ready`)
    expect([ready.status, await ready.text()]).toEqual([
      503,
      expect.stringContaining('access is denied: allow s3:PutObject'),
    ])
    expect((await send(url)).status).toBe(503)
    expect(said.stderr).toMatch(/ERROR the bucket is not ready .*access is denied/)
    expect(said.stderr).toMatch(/WARN {2}S3 refused .*code=AccessDenied .*requestId=R1/)
  })

  test('with a profile whose credentials change', async () => {
    const folder = temporaryFolder()
    const profile = join(folder, 'config')
    const script = join(folder, 'credentials.mjs')
    writeFileSync(
      script,
      `import { appendFileSync, readFileSync } from 'node:fs'
       const count = ${JSON.stringify(join(folder, 'count'))}
       appendFileSync(count, 'x')
       console.log(JSON.stringify({ Version: 1, AccessKeyId: 'ASIA', SecretAccessKey: 's',
         SessionToken: String(readFileSync(count).length),
         Expiration: new Date(Date.now() + 3600000).toISOString() }))`,
    )
    writeFileSync(
      profile,
      `[profile changing]\ncredential_process = ${process.execPath} ${script}\n`,
    )
    fake.keys.set('ASIA', { secret: 's', token: '1' })
    const { url } = await start({ ...keys, AWS_CONFIG_FILE: profile, AWS_PROFILE: 'changing' })
    expect((await fetch(`${url}/ready`)).status).toBe(200)
    fake.keys.set('ASIA', { secret: 's', token: '2' })
    expect((await send(url)).status).toBe(200)
    expect(fake.bucket.objects.size).toBe(1)
  })

  test('says that there are no credentials', async () => {
    const { url } = await start({})
    const ready = await fetch(`${url}/ready`)
    expect([ready.status, await ready.text()]).toEqual([
      503,
      expect.stringContaining('there are no credentials'),
    ])
  })
})

test.each([
  [keys, false],
  [{ ...keys, AWS_SESSION_TOKEN: 't' }, false],
  [{ ...keys, AWS_PROFILE: 'none' }, true],
  [{}, true],
])('%j: AWS’s library is loaded: %j', async (env, loaded) => {
  const script = `
    const { awsCredentials } = await import('./runtimes/node/credentials.ts')
    const provided = await awsCredentials(process.env)().catch(() => null)
    const { createRequire } = await import('node:module')
    const modules = Object.keys(createRequire(import.meta.url).cache)
    console.log(JSON.stringify({ provided, loaded: modules.some((path) => path.includes('@aws-sdk')) }))`
  const args = ['--input-type=module', '--eval', script]
  const options = { cwd: root, env: { PATH: process.env.PATH, ...alone, ...env } }
  const { stdout } = await promisify(execFile)(process.execPath, args, options)
  const provided = loaded
    ? null
    : { accessKeyId, secretAccessKey, ...('AWS_SESSION_TOKEN' in env && { sessionToken: 't' }) }
  expect(JSON.parse(stdout)).toEqual({ provided, loaded })
})
