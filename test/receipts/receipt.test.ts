// Protects the form of a receipt: what it says comes back exactly, one that was written by an earlier program is read, and no
// key ever stands for two receipts.
import { beforeEach, describe, expect, it } from 'vitest'
import { parseJson } from '../../src/iceberg/json.ts'
import { balances } from '../../src/receipts/balance.ts'
import { readDataFile } from '../../src/receipts/data-file-json.ts'
import { object } from '../../src/receipts/json-members.ts'
import { type Receipt, readReceipt, receiptBytes } from '../../src/receipts/receipt.ts'
import { digestOf, identifierOf, readKey, sealed } from '../../src/receipts/receipt-key.ts'
import { createReceiptStore, type ReceiptStore } from '../../src/receipts/receipt-store.ts'
import { createMemoryStorage } from '../../src/storage/memory.ts'
import type { Storage } from '../../src/storage/storage.ts'

const uuid = '0190d4b5-1111-4000-8000-000000000001'

const receipt: Receipt = {
  identifier: { namespace: ['otel'], name: 'metrics_gauge' },
  tableUuid: '7f2c1d9e-0000-4000-8000-00000000000a',
  schemaId: 3,
  requestId: '00112233445566778899aabbccddeeff',
  receivedAt: 1_790_000_000_123,
  baseSequence: 41,
  files: [
    {
      uuid,
      specId: 2,
      partition: [
        20_000,
        undefined,
        2n ** 62n,
        'a',
        null,
        true,
        Number.NaN,
        -0,
        Uint8Array.of(1, 255),
      ],
      dataFile: {
        content: 0,
        file_path: `s3://lake/otel/metrics_gauge/data/5-${uuid}.parquet`,
        file_format: 'PARQUET',
        partition: { day: 20_000, id: 2n ** 62n, bytes: Uint8Array.of(0, 16), none: null },
        record_count: 12n,
        file_size_in_bytes: 2n ** 60n + 1n,
        column_sizes: [{ key: 1, value: 100n }],
        value_counts: [{ key: 1, value: 12n }],
        null_value_counts: [{ key: 1, value: 0n }],
        nan_value_counts: [],
        lower_bounds: [{ key: 1, value: Uint8Array.of(0, 1, 254) }],
        upper_bounds: [{ key: 1, value: Uint8Array.of() }],
        key_metadata: null,
        split_offsets: [4n, 2n ** 55n + 1n],
        equality_ids: null,
        sort_order_id: 1,
        referenced_data_file: null,
      },
    },
  ],
}

/** The receipt above as version 1 spells it. This text never changes: programs that are gone left such receipts. */
const version1 = `{"format-version":1,"namespace":["otel"],"table":"metrics_gauge","table-uuid":"7f2c1d9e-0000-4000-8000-00000000000a","schema-id":3,"request-id":"00112233445566778899aabbccddeeff","received-at":1790000000123,"base-sequence":41,"files":[{"uuid":"0190d4b5-1111-4000-8000-000000000001","spec-id":2,"known-partition":[20000,{"unknown":true},{"long":4611686018427387904},"a",null,true,{"number":"NaN"},{"number":"-0"},{"bytes":"01ff"}],"data-file":{"content":0,"file_path":"s3://lake/otel/metrics_gauge/data/5-0190d4b5-1111-4000-8000-000000000001.parquet","file_format":"PARQUET","partition":[["day",20000],["id",{"long":4611686018427387904}],["bytes",{"bytes":"0010"}],["none",null]],"record_count":12,"file_size_in_bytes":1152921504606846977,"column_sizes":[[1,100]],"value_counts":[[1,12]],"null_value_counts":[[1,0]],"nan_value_counts":[],"lower_bounds":[[1,"0001fe"]],"upper_bounds":[[1,""]],"key_metadata":null,"split_offsets":[4,36028797018963969],"equality_ids":null,"sort_order_id":1,"referenced_data_file":null}}]}`

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('a receipt', () => {
  it('is read as it was written', () => {
    expect(readReceipt(receiptBytes(receipt))).toEqual({ kind: 'receipt', receipt })
  })

  it('says which snapshot its look was at, where that is known', () => {
    const known = { ...receipt, baseSnapshot: 2n ** 62n + 1n }
    expect(readReceipt(receiptBytes(known))).toEqual({ kind: 'receipt', receipt: known })
  })

  it('of version 1 is read', () => {
    expect(readReceipt(bytesOf(version1))).toEqual({ kind: 'receipt', receipt })
  })

  it('of a later version is told from what is none', () => {
    expect(readReceipt(bytesOf('{"format-version":2}'))).toEqual({ kind: 'later', version: 2 })
  })

  it.each([
    ['', /./],
    ['[]', /not an object/],
    ['{}', /format-version is not an integer/],
    ['{"format-version":0}', /format version 0/],
    [version1.slice(0, -1), /./],
    [version1.replace('"base-sequence":41', '"base-sequence":"41"'), /base-sequence is not an int/],
    [version1.replace('"0001fe"', '"0001f"'), /lower_bounds are not bytes/],
    [version1.replace('"record_count":12,', ''), /record_count is not an integer/],
    [version1.replace('["day",20000]', '["day",9007199254740993]'), /integer without its kind/],
  ])('that is none says why: %#', (text, reason) => {
    expect(readReceipt(bytesOf(text))).toMatchObject({
      kind: 'unreadable',
      reason: expect.stringMatching(reason),
    })
  })

  it('has every member of a data file', () => {
    const [, text = ''] = /"data-file":(.*)\}\]\}$/.exec(version1) ?? []
    const file = object(parseJson(text))
    expect(Object.keys(file).length).toBe(17)
    for (const name of Object.keys(file)) {
      const { [name]: _, ...rest } = file
      expect(() => readDataFile(rest)).toThrow(name)
    }
  })
})

describe('a key', () => {
  it('says whose receipt it is', async () => {
    const { key, bytes } = await sealed(receipt)
    const { tableUuid, requestId, baseSequence } = receipt
    expect(key).toMatch(
      `_receipts/owed/otel.metrics_gauge/${tableUuid}/${requestId}-${baseSequence}-`,
    )
    const table = 'otel.metrics_gauge'
    const digest = await digestOf(bytes)
    expect(readKey(key)).toEqual({ key, table, tableUuid, requestId, baseSequence, digest })
  })

  it.each<[string, Partial<Receipt>]>([
    ['time', { receivedAt: 1 }],
    ['look', { baseSequence: 0 }],
    ['table', { tableUuid: 'another' }],
    ['name', { identifier: { namespace: ['otel', 'metrics_gauge'], name: '' } }],
    ['path', { files: [] }],
  ])('is another for another %s', async (_, changed) => {
    expect((await sealed({ ...receipt, ...changed })).key).not.toBe((await sealed(receipt)).key)
  })

  it('names tables of any letters', async () => {
    const { key } = await sealed({ ...receipt, identifier: { namespace: ['a.b'], name: '../ü' } })
    expect(key).toContain('/a%2Eb.%2E%2E%2F%C3%BC/')
    await expect(createMemoryStorage().put(key, new Uint8Array())).resolves.toBe('created')
  })

  it.each([
    [['otel'], 'logs'],
    [['a.b', 'c'], '../ü'],
    [['%2E', ' '], '𝒙/%'],
    [[], 'bare'],
  ])('names its table: %j, %s', async (namespace, name) => {
    const { key } = await sealed({ ...receipt, identifier: { namespace, name } })
    expect(readKey(key)?.requestId).toBe(receipt.requestId)
    expect(identifierOf(key)).toEqual({ namespace, name })
  })

  it.each(['_receipts/owed/otel.logs/x.json', '_receipts/lease', 'otel/logs/data/a.parquet'])(
    'is not %s',
    (key) => expect(readKey(key)).toBe(null),
  )
})

describe('the store', () => {
  let storage: Storage
  let store: ReceiptStore
  beforeEach(() => {
    storage = createMemoryStorage()
    store = createReceiptStore(storage)
  })
  const owed = async () => (await Array.fromAsync(store.owed())).length

  it('writes a receipt once, however often it is asked to', async () => {
    await store.write(receipt)
    await store.write(receipt)
    expect(await owed()).toBe(1)
  })

  it('knows what is owed of a request', async () => {
    await store.write(receipt)
    expect(await store.owes(receipt, [uuid])).toBe(true)
    expect(await store.owes(receipt, [uuid, 'another'])).toBe(false)
    expect(await store.owes({ ...receipt, requestId: 'f'.repeat(32) }, [uuid])).toBe(false)
    expect(await store.owes({ ...receipt, tableUuid: 'made anew' }, [uuid])).toBe(false)
  })

  it('knows from where on snapshots are needed, by the keys alone', async () => {
    expect(await store.neededSince(receipt)).toBe(null)
    for (const baseSequence of [7, 5, 100]) await store.write({ ...receipt, baseSequence })
    await store.write({ ...receipt, tableUuid: 'another', baseSequence: 1 })
    expect(await store.neededSince(receipt)).toBe(5)
  })

  it('keeps a receipt whose way into quarantine ended early', async () => {
    await store.write(receipt)
    const [{ key = '' } = {}] = await Array.fromAsync(store.owed())
    const failing = createReceiptStore({ ...storage, put: () => Promise.reject(new Error('full')) })
    await expect(failing.quarantine(key, receiptBytes(receipt))).rejects.toThrow('full')
    expect(await owed()).toBe(1)
    await store.quarantine(key, receiptBytes(receipt))
    const aside = await Array.fromAsync(store.quarantined())
    expect([await owed(), aside.map(({ requestId }) => requestId)]).toEqual([
      0,
      [receipt.requestId],
    ])
  })

  it('lists sizes and ages without reading', async () => {
    await store.write(receipt)
    const [listed] = await Array.fromAsync(store.owed())
    expect(listed).toMatchObject({ size: bytesOf(version1).length })
    expect(listed?.modifiedAt).toBeGreaterThan(0)
  })

  it('tells figures of each table by the list alone', async () => {
    let now = 5_000
    const timed = createReceiptStore(createMemoryStorage({ now: () => now }))
    for (; now > 4_997; now--) await timed.write({ ...receipt, receivedAt: now })
    now = 6_000
    await timed.write({ ...receipt, identifier: { namespace: ['otel'], name: 'logs' } })
    expect(await balances(timed.owed())).toEqual([
      { table: 'otel.logs', receipts: 1, oldestAt: 6_000 },
      { table: 'otel.metrics_gauge', receipts: 3, oldestAt: 4_998 },
    ])
    expect(await balances(timed.quarantined())).toEqual([])
  })
})
