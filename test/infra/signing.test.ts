// Protects requests to a deployment with IAM: what test.sh tells curl to sign with is what AWS's own signer makes of the request.
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { expectedAuthorization, type SignedRequest } from '../iceberg/rest/judge.ts'
import { temporaryFolder } from '../runtimes/program.ts'
import { listen } from '../tools/listen.ts'

const credentials = {
  accessKeyId: 'AKID',
  secretAccessKey: 'a/secret+of=signs',
  sessionToken: 'a session/token==',
}
const region = 'eu-central-1'

/** What infra/stack.sh's `signing` writes. */
const configOf = (service: string): string =>
  [
    `aws-sigv4 = "aws:amz:${region}:${service}"`,
    `user = "${credentials.accessKeyId}:${credentials.secretAccessKey}"`,
    `header = "x-amz-security-token: ${credentials.sessionToken}"`,
  ].join('\n')

const bodies: readonly [string, Buffer, readonly string[]][] = [
  ['JSON', Buffer.from('{"resourceLogs":[]}'), ['Content-Type: application/json']],
  [
    'gzip',
    gzipSync('{"resourceLogs":[]}'),
    ['Content-Type: application/json', 'Content-Encoding: gzip'],
  ],
]

test.each(
  ['lambda', 'execute-api'].flatMap((service) => bodies.map((body) => [service, ...body] as const)),
)('curl signs for %s: %s', async (service, _, body, headers) => {
  let seen: SignedRequest | undefined
  const { url, stop } = await listen(
    createServer(async (request, response) => {
      const { method = '', url: path = '' } = request
      const { headers: told } = request as { headers: Record<string, string> }
      seen = { method, url: path, headers: told, body: await buffer(request) }
      response.end()
    }),
  )
  const file = join(temporaryFolder(), 'body')
  await writeFile(file, body)
  const curl = promisify(execFile)('curl', [
    ...['-sS', '-K', '-', '-X', 'POST', '--data-binary', `@${file}`],
    ...headers.flatMap((header) => ['-H', header]),
    `${url}/v1/logs`,
  ])
  curl.child.stdin?.end(configOf(service))
  await curl.finally(stop)
  expect(Buffer.from(seen?.body ?? '')).toEqual(body)
  const signing = { service, region, credentials, applyChecksum: false }
  const host = new URL(url).host
  expect(seen?.headers.host).toBe(host)
  expect(seen?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\//)
  expect(seen?.headers.authorization).toBe(
    await expectedAuthorization(seen as SignedRequest, signing),
  )
})
