// Protects what an operator sees of receipts: they are listed, paid by hand, by the timer and at the end, and told where not.
import { readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { currentSnapshot } from '../../src/iceberg/table-metadata.ts'
import { noLog } from '../../src/log.ts'
import { readReceipt } from '../../src/receipts/receipt.ts'
import { createReceiptStore } from '../../src/receipts/receipt-store.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { logs } from '../ingest/requests.ts'
import { runProgram, startProgram, temporaryFolder, waitingStorage } from './program.ts'

const tables = { OTLP2PARQUET_ICEBERG_CATALOG: 'file' }
const byHand = {
  ...tables,
  OTLP2PARQUET_COMMIT: 'deferred',
  OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '86400',
}

const send = async (url: string, name: string): Promise<number> => {
  const headers = { 'content-type': 'application/x-protobuf' }
  const body = logs({ name, records: 3 }).slice()
  return (await fetch(`${url}/v1/logs`, { method: 'POST', headers, body })).status
}

/** What a command prints, and its exit code. */
const tell = async (command: string, folder: string): Promise<[string, number | null]> => {
  const args = [command, '--output', folder]
  const { stdout, stderr, code } = await runProgram({ args, env: tables })
  return [stdout + stderr, code]
}

const rowsIn = async (folder: string): Promise<number> => {
  const storage = await openFileStorage(folder)
  const catalog = createFileCatalog({ storage, root: `file://${folder}`, log: noLog })
  const table = await catalog.load({ namespace: ['otel'], name: 'logs' })
  return Number((table && currentSnapshot(table.metadata))?.summary['total-records'] ?? 0)
}

/** A program is told of requests and killed: what it owes lies in its folder. */
const owing = async (...names: string[]): Promise<string> => {
  const folder = temporaryFolder()
  const program = await startProgram({ folder, env: byHand })
  for (const name of names) expect(await send(program.url, name)).toBe(200)
  program.kill('SIGKILL')
  await program.ended
  return folder
}

/** Makes what is owed ten minutes older. */
const ageReceipts = async (folder: string): Promise<void> => {
  const store = createReceiptStore(await openFileStorage(folder))
  for await (const { key } of store.owed()) {
    const read = readReceipt((await store.read(key)) ?? new Uint8Array())
    if (read.kind !== 'receipt') throw new Error('no receipt')
    const { receipt } = read
    await store.remove(key)
    await store.write({ ...receipt, receivedAt: receipt.receivedAt - 600_000 })
  }
}

describe('by hand', () => {
  it('what is owed is listed, and paid', async () => {
    const folder = await owing('a', 'b', 'a')
    expect(await rowsIn(folder)).toBe(0)
    const [listed, code] = await tell('receipts', folder)
    expect(listed).toMatch(/^otel\.logs: 2 owed, the oldest of \d{4}-\d\d-\d\dT\S+Z\n$/)
    expect(code).toBe(0)
    const [swept, end] = await tell('sweep', folder)
    expect(swept).toContain('receipts paid: 2, still owed: 0, put into quarantine: 0\n')
    expect([end, await rowsIn(folder)]).toEqual([0, 6])
    expect(await tell('receipts', folder)).toEqual(['no receipts\n', 0])
  })

  it('a table that is gone is told, and owed until it is back', async () => {
    const folder = await owing('a')
    const [table, away] = [join(folder, 'otel'), join(folder, 'away')]
    await rename(table, away)
    const [told, code] = await tell('sweep', folder)
    expect(told).toContain('receipts are still owed table=otel.logs reason="the table is gone"')
    expect([told.includes('still owed: 1'), code]).toEqual([true, 1])
    await rename(away, table)
    expect((await tell('sweep', folder))[1]).toBe(0)
    expect(await rowsIn(folder)).toBe(3)
  })

  it('a table that was made anew is told, and its receipts are put aside, but for young ones', async () => {
    const folder = await owing('a')
    await rm(join(folder, 'otel'), { recursive: true })
    const program = await startProgram({ folder, env: byHand })
    await send(program.url, 'b')
    program.kill('SIGKILL')
    const [waiting] = await tell('sweep', folder)
    expect(waiting).toContain('table=otel.logs reason="the table was made anew"')
    expect(waiting).toContain('receipts paid: 1, still owed: 1, put into quarantine: 0\n')
    await ageReceipts(folder)
    const [told, code] = await tell('sweep', folder)
    expect(told).toContain('rows that were acknowledged are not in their table')
    expect(told).toContain('receipts paid: 0, still owed: 0, put into quarantine: 1\n')
    expect([code, await rowsIn(folder)]).toEqual([1, 3])
    const [listed] = await tell('receipts', folder)
    expect(listed).toMatch(
      /^otel\.logs: cannot be paid: _receipts\/quarantine\/\S+\.json\n {2}not in its table: file:\/\/\S+\.parquet\n$/,
    )
  })
})

it('the timer pays, and the metrics tell of it', async () => {
  const env = { ...byHand, OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '1' }
  const { url, folder } = await startProgram({ env })
  await send(url, 'a')
  await expect.poll(() => rowsIn(folder)).toBe(3)
  const metrics = async () => (await fetch(`${url}/metrics`)).text()
  // In this order: the figure of what is owed is 0 before any sweep, too.
  await expect.poll(metrics).toMatch(/^otlp2parquet_paid_receipts_total 1$/m)
  await expect.poll(metrics).toMatch(/^otlp2parquet_receipts_owed 0$/m)
  const text = await metrics()
  expect(text).toContain('otlp2parquet_receipts_total{table="logs"} 1\n')
  expect(text).toMatch(/^otlp2parquet_metadata_bytes{table="logs"} \d{4,}$/m)
})

it('a program that is stopped pays first', async () => {
  const program = await startProgram({ env: byHand })
  await send(program.url, 'a')
  program.kill('SIGTERM')
  expect((await program.ended).code).toBe(0)
  expect(await rowsIn(program.folder)).toBe(3)
})

it('a program that is stopped amid a sweep of the timer waits for it, and pays', async () => {
  const env = { ...byHand, OTLP2PARQUET_SWEEP_INTERVAL_SECONDS: '1' }
  // The commit of the sweep: a table is made with its first metadata.
  const { command, goOn } = waitingStorage(/v2\.metadata\.json$/)
  const { url, folder, kill, until, ended } = await startProgram({ env, command })
  expect(await send(url, 'a')).toBe(200)
  const notes = () => readFile(join(folder, '_receipts/notes.json'), 'utf8').catch(() => '')
  await expect.poll(notes).toContain('"tried"')
  kill('SIGTERM')
  await until('stderr', /stopping/)
  // Time for a last sweep that does not wait for the other. Where there is none of it, less is shown, and nothing fails.
  await sleep(1_500)
  goOn()
  expect((await ended).code).toBe(0)
  expect(await rowsIn(folder)).toBe(3)
  expect(await tell('receipts', folder)).toEqual(['no receipts\n', 0])
})
