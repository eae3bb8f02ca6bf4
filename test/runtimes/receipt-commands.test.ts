// Protects who looks after receipts by hand from taking what could not be listed for what is not there.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { listReceipts, sweepNow } from '../../runtimes/node/receipt-commands.ts'
import { type Config, readConfig } from '../../src/config.ts'
import { noLog } from '../../src/log.ts'
import { createReceiptLab, type ReceiptLab } from '../receipts/receipt-lab.ts'
import { temporaryFolder } from './program.ts'

const opened = vi.hoisted(() => ({ destination: {} }))
vi.mock('../../runtimes/node/open-destination.ts', () => ({
  openDestination: async () => opened.destination,
}))

let lab: ReceiptLab
let printed: string[]
beforeEach(async () => {
  lab = await createReceiptLab()
  printed = []
})

const config: Config = readConfig({ OTLP2PARQUET_STORAGE_PATH: temporaryFolder() }, 'node')
const options = {
  config,
  version: '0',
  log: noLog,
  print: (line: string) => void printed.push(line),
}

describe('sweep', () => {
  const none = { paid: 0, quarantined: 0, owed: 0 }

  it.each([
    ['all is paid', { ...none, paid: 3, complete: true }, true, []],
    ['some are owed', { ...none, owed: 3, complete: true }, false, []],
    [
      'not all could be listed',
      { ...none, paid: 3, complete: false },
      false,
      ['not all receipts could be listed, or paid in time: the log says why; sweep again'],
    ],
  ])('%s', async (_, swept, isDone, more) => {
    opened.destination = { receipts: { store: lab.store, sweep: async () => swept } }
    expect(await sweepNow(options)).toBe(isDone)
    const { paid, owed } = swept
    expect(printed).toEqual([
      `receipts paid: ${paid}, still owed: ${owed}, put into quarantine: 0`,
      ...more,
    ])
  })
})

it.each([sweepNow, listReceipts])(
  'a folder that is not there is an error: nothing is made of it',
  async (command) => {
    const storagePath = join(temporaryFolder(), 'mistyped')
    opened.destination = { receipts: { store: lab.store } }
    await expect(
      command({ ...options, config: { ...config, icebergCatalog: 'file', storagePath } }),
    ).rejects.toThrow(`there is no folder ${storagePath}`)
    expect(existsSync(storagePath)).toBe(false)
  },
)

it('receipts: what lies among them and is none is told, too', async () => {
  opened.destination = { receipts: { store: lab.store } }
  await listReceipts(options)
  for (const name of ['a', 'b']) await lab.storage.put(`_receipts/owed/${name}`, new Uint8Array(1))
  await lab.storage.put(
    `_receipts/quarantine/otel.logs/u/${'0'.repeat(32)}-1-${'0'.repeat(16)}.json`,
    new Uint8Array(1),
  )
  await listReceipts(options)
  expect(printed).toEqual([
    'no receipts',
    '2 objects there are no receipts of this version, such as _receipts/owed/a',
    expect.stringMatching(/^otel\.logs: cannot be paid: _receipts\/quarantine\//),
  ])
})
