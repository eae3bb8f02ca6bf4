// Protects what OTLP2PARQUET_DEDUPE promises of the started program: equal bodies are stored once, or each counts.
import { expect, test } from 'vitest'
import { ask } from '../tools/duckdb.ts'
import { startProgram } from './program.ts'

const body = JSON.stringify({
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: 'twice' } }] }] }],
})

test.each([
  ['on', 1],
  ['off', 2],
])('%s: a body that is sent twice stands there %i times', async (dedupe, times) => {
  const { url, folder } = await startProgram({ env: { OTLP2PARQUET_DEDUPE: dedupe } })
  for (let i = 0; i < 2; i++) {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })
    expect(answer.status).toBe(200)
  }
  const sql = `SELECT count(*)::int AS n FROM 'data/**/*.parquet' WHERE Body = 'twice'`
  expect(await ask(sql, folder)).toEqual([{ n: times }])
})
