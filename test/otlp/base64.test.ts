// Protects: bytes in JSON are read in a time that follows their length, whatever they are.
import { expect, test } from 'vitest'
import { decode } from '../../src/otlp/decode.ts'

const bytesOf = (bytesValue: string) => {
  const body = { bytesValue }
  const json = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] }
  return decode({
    signal: 'logs',
    encoding: 'json',
    body: new TextEncoder().encode(JSON.stringify(json)),
    requestId: '0'.repeat(32),
    receivedAt: 0,
  })
}

test.each(['', 'AA==', 'AA', '-_8=', '+/8'])('%j is base64', (text) => {
  expect(bytesOf(text).records).toBe(1)
})

test.each(['=', 'A', 'A===', 'AA=', 'AAAA=', 'A=AA', '====A', 'A A=', 'é'])('%j is none', (text) =>
  expect(() => bytesOf(text)).toThrow('bad base64'),
)

// Were each padding looked at from each one before it, this would take minutes.
test('many paddings before a letter are none either', { timeout: 30_000 }, () => {
  expect(() => bytesOf(`${'='.repeat(400_000)}A`)).toThrow('bad base64')
})
