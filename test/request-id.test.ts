// Protects: equal requests have equal ids and equal file names, others do not.

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { sha256 as nodeSha256 } from '../runtimes/shared/sha256.ts'
import { fileUuid, requestId } from '../src/request-id.ts'

const sha = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)

const ways = [
  ['WebCrypto', undefined],
  ["Node's own", nodeSha256],
] as const

test.each(ways)('the request id is half a SHA-256 over signal, 0 and body: %s', async (_, way) => {
  const body = new TextEncoder().encode('body')
  expect(await requestId('logs', body, way)).toBe(sha('logs\0body'))
  expect(await requestId('traces', body, way)).toBe(sha('traces\0body'))
  expect(await requestId('logs', new Uint8Array(0), way)).toBe(sha('logs\0'))
})

test.each(ways)('the body may be a part of a larger buffer: %s', async (_, way) => {
  const buffer = new TextEncoder().encode('xxbodyxx')
  expect(await requestId('logs', buffer.subarray(2, 6), way)).toBe(sha('logs\0body'))
})

test('a file uuid is half a SHA-256 over request id, table and partition', async () => {
  const hex = sha('id\0logs\0a/12')
  const uuid = await fileUuid('id', 'logs', 'a/12')
  expect(uuid.replaceAll('-', '')).toBe(hex)
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  expect(await fileUuid('id', 'traces', 'a/12')).not.toBe(uuid)
  expect(await fileUuid('id', 'logs', 'a/13')).not.toBe(uuid)
})
