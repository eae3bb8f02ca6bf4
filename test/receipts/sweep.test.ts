// Protects what a 200 stands on when it is given for a receipt: every file that is owed gets into its table, once, wherever a
// sweep is killed, whatever answer is lost, whoever sweeps or resends beside it; and what cannot be paid is put aside and told.
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Log } from '../../src/log.ts'
import { type Receipt, readReceipt } from '../../src/receipts/receipt.ts'
import { createReceiptStore } from '../../src/receipts/receipt-store.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { creation } from '../contracts/commits.ts'
import { compact } from '../faults/model/others.ts'
import { createChance } from '../faults/model/random.ts'
import { fileOf, keyOf, send } from '../iceberg/table-lab.ts'
import { requestIdOf } from '../tools/append-request.ts'
import {
  type Around,
  createReceiptLab,
  owedFile,
  type ReceiptLab,
  recreate,
} from './receipt-lab.ts'

// Without compression, which takes real time.
vi.mock('../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../src/iceberg/avro/container.ts')>()),
  ...(await import('../faults/model/plain-container.ts')),
}))

const minute = 60_000
const hour = 3_600_000
const never = new Promise<never>(() => {})

let lab: ReceiptLab
beforeEach(async () => {
  lab = await createReceiptLab()
})

/** The files of all requests are in the table once, nothing is owed, and sending them again adds nothing. */
const expectPaid = async (lab: ReceiptLab, requests: readonly number[]): Promise<void> => {
  const files = requests.map(keyOf).sort()
  expect((await lab.files()).map(requestFile)).toEqual(files)
  expect([await lab.owed(), await lab.quarantined()]).toEqual([[], []])
  const sending = lab.sendIn()
  for (const n of requests) expect((await sending(n))[0]).toBe('duplicate')
  expect((await lab.files()).length).toBe(files.length)
}

/** A copy's name is that of its request's file. */
const requestFile = (key: string): string => key.replace(/-[0-9a-f]{8}\.parquet$/, '.parquet')

/** A table with rows, four files that are owed, one of them by two receipts and one that is in the table already. */
const indebted = async (): Promise<readonly number[]> => {
  await lab.sendIn()(1)
  for (const n of [2, 3, 4]) await lab.owe(n)
  const path = `memory://lake/${keyOf(2)}`.replace('.parquet', '-0123abcd.parquet')
  const file = owedFile(2)
  const again = { ...file, dataFile: { ...file.dataFile, file_path: path } }
  await lab.storage.put(path.replace('memory://lake/', ''), fileOf(2).bytes)
  await lab.owe(2, { receipt: { files: [again] } })
  await lab.owe(1, { receipt: { baseSequence: 0 } })
  return [1, 2, 3, 4]
}

describe('a sweep', () => {
  it('pays all receipts of a table in one commit', async () => {
    const requests = await indebted()
    const before = lab.snapshots()
    expect(await lab.swept()).toEqual({ paid: 5, quarantined: 0, owed: 0, complete: true })
    expect(lab.snapshots()).toBe(before + 1)
    await expectPaid(lab, requests)
  })

  it('pays 5,000 in one commit, and nothing is added by another sweep or a resend', async () => {
    const requests = Array.from({ length: 5_000 }, (_, n) => n)
    const receipts = await Promise.all(requests.map((n) => lab.owe(n)))
    expect(await lab.swept()).toMatchObject({ paid: 5_000, complete: true })
    expect([lab.snapshots(), (await lab.files()).length]).toEqual([1, 5_000])
    // As written once more by attempts that were late.
    await Promise.all(receipts.map((receipt) => lab.store.write(receipt)))
    expect(await lab.swept()).toMatchObject({ paid: 5_000, complete: true })
    const { one } = lab.sendIn()
    const [outcomes] = await lab.timed(() => Promise.all(requests.map((n) => one(n))))
    expect(new Set(outcomes)).toEqual(new Set(['duplicate']))
    expect([lab.snapshots(), (await lab.files()).length]).toEqual([1, 5_000])
  })

  it('pays each table in a commit of its own', async () => {
    const traces = { namespace: ['otel'], name: 'traces' }
    const made = await lab.catalog.create(traces, creation())
    const tableUuid = made.metadata['table-uuid']
    for (const n of [1, 2]) await lab.owe(n)
    for (const n of [3, 4]) await lab.owe(n, { receipt: { identifier: traces, tableUuid } })
    expect(await lab.swept()).toMatchObject({ paid: 4 })
    expect(lab.tables.get('otel/traces')?.snapshots.length).toBe(1)
    expect([lab.snapshots(), await lab.files()]).toEqual([1, [keyOf(1), keyOf(2)]])
  })

  it('pays so many in one commit and no more', async () => {
    for (let n = 1; n <= 7; n++) await lab.owe(n)
    expect(await lab.swept({ maxReceipts: 3 })).toMatchObject({ paid: 7, complete: true })
    expect(lab.snapshots()).toBe(3)
  })

  it('commits nothing where everything is in the table', async () => {
    await lab.sendIn()(1)
    await lab.owe(1, { receipt: { baseSequence: 0 } })
    expect(await lab.swept()).toMatchObject({ paid: 1 })
    expect(lab.snapshots()).toBe(1)
  })

  it('begins nothing shortly before its deadline, and says that it is not done', async () => {
    await lab.owe(1)
    const lines: unknown[] = []
    const log: Log = (level, message, facts) => void lines.push([level, message, facts])
    const [result] = await lab.timed(() => lab.sweep({}, { log })(lab.world.now() + 4_000))
    expect(result).toMatchObject({ paid: 0, quarantined: 0, owed: 0, complete: false })
    const told = 'a sweep had no time to pay anything: give it more, or receipts are owed for ever'
    expect(lines).toEqual([['warn', told, { leftMs: 4_000, neededMs: 5_000 }]])
    expect((await lab.owed()).length).toBe(1)
  })
})

describe('wherever a sweep is disturbed, the next one finishes', () => {
  type Disturb = (k: number, count: () => number) => Around

  const killedBefore: Disturb = (k, count) => ({ before: () => (count() >= k ? never : undefined) })
  const killedAfter: Disturb = (k, count) => {
    let calls = 0
    return {
      before: () => (calls++ > k ? never : undefined),
      after: () => (count() >= k ? never : undefined),
    }
  }
  const fails: Disturb = (k, count) => ({
    before() {
      if (count() === k) throw new Error('refused')
    },
  })
  const losesAnswer: Disturb = (k, count) => ({
    after() {
      if (count() === k) throw new Error('lost')
    },
  })

  const disturbances: readonly [string, Disturb][] = [
    ['killed before a call', killedBefore],
    ['killed after a call', killedAfter],
    ['a call fails', fails],
    ['an answer is lost', losesAnswer],
  ]

  /** Sweeps with call `k` disturbed: how many calls there were, if that was none of them. */
  const disturbed = async (k: number, disturb: Disturb): Promise<number> => {
    let count = 0
    void lab
      .sweep(disturb(k, () => count++))(lab.world.now() + 60_000)
      .catch(() => {})
    await lab.world.run(Number.POSITIVE_INFINITY)
    return count <= k ? count : Number.POSITIVE_INFINITY
  }

  it.each(disturbances)('%s', async (_, disturb) => {
    let calls = Number.POSITIVE_INFINITY
    for (let k = 0; k < calls; k++) {
      lab = await createReceiptLab()
      const requests = await indebted()
      let count = 0
      void lab
        .sweep(disturb(k, () => count++))(lab.world.now() + 60_000)
        .catch(() => {})
      await lab.world.run(Number.POSITIVE_INFINITY)
      if (count <= k) calls = count
      expect(await lab.swept()).toMatchObject({ quarantined: 0, owed: 0, complete: true })
      await expectPaid(lab, requests)
    }
    expect(calls).toBeGreaterThan(12)
  })

  it.each(disturbances)(
    'also where a receipt is put aside and a file copied: %s',
    async (_, disturb) => {
      let calls = Number.POSITIVE_INFINITY
      for (let k = 0; k < calls; k++) {
        lab = await createReceiptLab()
        await lab.owe(1, { ageMs: hour })
        await lab.owe(2, { ageMs: 24 * hour })
        await lab.storage.delete(keyOf(1))
        const [gone = ''] = await lab.owed()
        calls = Math.min(calls, await disturbed(k, disturb))
        await lab.swept()
        expect([await lab.owed(), await lab.quarantined()]).toEqual([
          [],
          [gone.replace('/owed/', '/quarantine/')],
        ])
        expect((await lab.files()).map(requestFile)).toEqual([keyOf(2)])
      }
      expect(calls).toBeGreaterThan(12)
    },
  )

  it('a file that cannot be looked at holds up no other', async () => {
    await lab.owe(1, { ageMs: hour })
    await lab.owe(2)
    const sweep = lab.sweep({
      before(call) {
        if (call === 'head') throw new Error('forbidden')
      },
    })
    const [result] = await lab.timed(() => sweep(lab.world.now() + 60_000))
    expect(result).toMatchObject({ paid: 1, owed: 1, quarantined: 0 })
    expect(await lab.files()).toEqual([keyOf(2)])
  })
})

describe('two sweeps at once', () => {
  const seeds = Array.from({ length: 30 }, (_, seed) => seed)

  it.each(seeds)(
    'lose nothing and double nothing, beside resends and faults: seed %i',
    async (seed) => {
      const chance = createChance(seed)
      const requests = await indebted()
      const faults: Around = {
        before: async () => {
          await lab.world.sleep(chance.whole(0, 20))
          if (chance.happens(0.03)) throw new Error('refused')
          if (chance.happens(0.01)) await never
        },
        after: async () => {
          await lab.world.sleep(chance.whole(0, 20))
          if (chance.happens(0.03)) throw new Error('lost')
          if (chance.happens(0.01)) await never
        },
      }
      for (let i = 0; i < 2; i++) {
        void lab
          .sweep(faults)(lab.world.now() + 60_000)
          .catch(() => {})
      }
      const writer = lab.writer()
      for (const n of requests) {
        lab.world.at(
          lab.world.now() + chance.whole(0, 200),
          () => void send(writer, n, lab.world, { by: 'again' }),
        )
      }
      await lab.world.run(Number.POSITIVE_INFINITY)
      // What rests is not tried by the first, if one before ended amid a page.
      await lab.swept()
      expect(await lab.swept()).toMatchObject({ quarantined: 0, owed: 0, complete: true })
      await expectPaid(lab, requests)
    },
  )
})

describe('what cannot be paid', () => {
  /** A receipt that is put aside beside one that is paid; what is told. */
  const aside = async (): Promise<string> => {
    const lines: string[] = []
    const log: Log = (level, message, facts) => {
      if (level !== 'error') return
      lines.push(`${message}: ${facts?.requestId} ${facts?.reason}`)
      told.push(facts?.receipt)
    }
    const [owed = ''] = await lab.owed()
    const told: unknown[] = []
    await lab.owe(9)
    expect(await lab.swept({ log })).toMatchObject({ paid: 1, quarantined: 1, owed: 0 })
    expect(await lab.quarantined()).toEqual([owed.replace('/owed/', '/quarantine/')])
    expect(told).toEqual(await lab.quarantined())
    expect([await lab.owed(), (await lab.files()).map(requestFile)]).toEqual([[], [keyOf(9)]])
    expect(lines.length).toBe(1)
    return lines.join()
  }
  const told = 'a receipt cannot be paid: rows that were acknowledged are not in their table'

  it('is a file that is gone', async () => {
    await lab.owe(1, { ageMs: hour })
    await lab.storage.delete(keyOf(1))
    const path = `memory://lake/${keyOf(1)}`
    expect(await aside()).toBe(`${told}: ${requestIdOf(1)} its data file is gone: ${path}`)
  })

  it('is a file of a table that was made anew', async () => {
    await lab.owe(1, { ageMs: 10 * minute })
    await recreate(lab)
    expect(await aside()).toBe(`${told}: ${requestIdOf(1)} the table was made anew`)
  })

  it('is a file of an unknown spec', async () => {
    await lab.owe(1, { ageMs: 10 * minute, receipt: { files: [{ ...owedFile(1), specId: 7 }] } })
    expect(await aside()).toContain('the table has no partition spec 7')
  })

  it('is what is no receipt', async () => {
    const { tableUuid } = await lab.owe(1)
    const [key = ''] = await lab.owed()
    await lab.storage.put(key, new TextEncoder().encode('{"format-version":1'))
    expect(key).toContain(tableUuid)
    expect(await aside()).toContain(requestIdOf(1))
  })

  it('is a receipt whose bytes were changed', async () => {
    await lab.owe(1)
    const [key = ''] = await lab.owed()
    const text = new TextDecoder().decode((await lab.storage.get(key)) ?? new Uint8Array())
    const changed = text.replace(/("file_size_in_bytes":)(\d+)/, '$17')
    expect(changed).not.toBe(text)
    await lab.storage.put(key, new TextEncoder().encode(changed))
    expect(await aside()).toContain('its bytes are not those that it was written with')
  })

  it('is what lies at a key that names no table, made by hand', async () => {
    await lab.owe(1)
    const [key = ''] = await lab.owed()
    const bytes = (await lab.storage.get(key)) ?? new Uint8Array()
    await lab.storage.delete(key)
    await lab.storage.put(key.replace('otel.logs', 'otel.%ZZ'), bytes)
    expect(await aside()).toContain('it is of another table than its key')
  })

  /** Sweeps, and tells of the one receipt that is put aside: its key, and what the log says. */
  const oneAside = async (): Promise<[key: string, facts: unknown]> => {
    const told: unknown[] = []
    const log: Log = (level, _, facts) => void (level === 'error' && told.push(facts))
    expect(await lab.swept({ log })).toMatchObject({ quarantined: 1, owed: 0 })
    const [key = ''] = await lab.quarantined()
    expect([await lab.owed(), (await lab.quarantined()).length, told.length]).toEqual([[], 1, 1])
    return [key, told[0]]
  }
  const pathOf = (n: number): string => owedFile(n).dataFile.file_path
  const filesIn = async (key: string): Promise<unknown> => {
    const read = readReceipt((await lab.storage.get(key)) ?? new Uint8Array())
    return read.kind === 'receipt' && read.receipt.files.map(({ dataFile }) => dataFile.file_path)
  }

  it('is put aside once the rest of its receipt is paid, and what is put aside names that alone', async () => {
    const files = [owedFile(1), owedFile(2), owedFile(3), { ...owedFile(4), specId: 7 }]
    await lab.owe(2, { ageMs: hour, receipt: { files } })
    await lab.storage.put(keyOf(4), fileOf(4).bytes)
    const [key, facts] = await oneAside()
    expect(await lab.files()).toEqual([keyOf(2)])
    expect(await filesIn(key)).toEqual([1, 3, 4].map(pathOf))
    expect(facts).toEqual({
      table: 'otel.logs',
      requestId: requestIdOf(2),
      receipt: key,
      reason: `its data file is gone: ${pathOf(1)}, ${pathOf(3)}; the table has no partition spec 7: ${pathOf(4)}`,
      inTable: [pathOf(2)],
    })
  })

  it('is paid when its object is put back, and its receipt among those that are owed', async () => {
    const files = [owedFile(1), owedFile(2)]
    await lab.owe(2, { ageMs: 25 * hour, receipt: { files } })
    const [key] = await oneAside()
    await lab.storage.put(keyOf(1), fileOf(1).bytes)
    await lab.storage.put(
      key.replace('/quarantine/', '/owed/'),
      (await lab.storage.get(key)) ?? new Uint8Array(),
    )
    await lab.storage.delete(key)
    expect(await lab.swept()).toMatchObject({ paid: 1, owed: 0, quarantined: 0 })
    await expectPaid(lab, [1, 2])
  })

  it('may be of another catalog, whose programs share the receipts: the log says what to do', async () => {
    await lab.owe(1, { ageMs: 10 * minute })
    await recreate(lab)
    const [, facts] = await oneAside()
    expect(facts).toMatchObject({ advice: expect.stringContaining('OTLP2PARQUET_STORAGE_PREFIX') })
  })
})

it('receipts that are paid, and cannot be removed, are told for what they are, and paid once', async () => {
  await lab.owe(1)
  await lab.owe(2)
  const lines: unknown[] = []
  const log: Log = (level, message, facts) => void lines.push([level, message, facts])
  const refusing: Around = {
    before(call, key = '') {
      if (call === 'delete' && key.startsWith('_receipts/owed/'))
        throw new Error('access is denied')
    },
  }
  for (let i = 0; i < 2; i++) {
    const sweep = lab.sweep(refusing, { log })
    const [result] = await lab.timed(() => sweep(lab.world.now() + minute))
    expect(result).toMatchObject({ paid: 0, owed: 2, quarantined: 0 })
  }
  const facts = { table: 'otel.logs', reason: 'access is denied', receipts: 2 }
  const line = [
    'warn',
    'receipts are paid, but cannot be removed: the next sweep tries again',
    facts,
  ]
  expect(lines).toEqual([line, line])
  await lab.swept()
  await expectPaid(lab, [1, 2])
})

describe('what lies among receipts and is none', () => {
  const message = 'objects among the receipts are none of this version: nobody pays them'

  it('is told once a sweep, and holds up nobody', async () => {
    for (const n of [1, 2, 3]) await lab.owe(n)
    const keys = ['a.json', 'otel.logs/b', 'otel.logs/u/00-1.json', 'z']
    for (const key of keys) await lab.storage.put(`_receipts/owed/${key}`, new Uint8Array(1))
    const lines: unknown[] = []
    const log: Log = (level, message, facts) => void lines.push([level, message, facts])
    // Listed in several rounds.
    expect(await lab.swept({ log, maxReceipts: 1 })).toMatchObject({ paid: 3, complete: true })
    expect(lines).toEqual([['warn', message, { objects: 4, example: '_receipts/owed/a.json' }]])
  })

  it("but not a folder's own object, as consoles make it", async () => {
    const lines: unknown[] = []
    const log: Log = (level, message, facts) => void lines.push([level, message, facts])
    const folder = { key: '_receipts/owed/otel.logs/', size: 0 }
    const storage: Storage = {
      ...lab.storage,
      async *list() {
        yield folder
      },
    }
    await lab.swept({ log, store: createReceiptStore(storage) })
    expect(lines).toEqual([])
  })
})

describe('what waits', () => {
  it('is owed while its table is gone, and paid when that is back', async () => {
    await lab.owe(1)
    const metadata = lab.metadata()
    lab.tables.clear()
    expect(await lab.swept()).toEqual({ paid: 0, quarantined: 0, owed: 1, complete: true })
    lab.tables.set('otel/logs', metadata)
    expect(await lab.swept()).toMatchObject({ paid: 1 })
    await expectPaid(lab, [1])
  })

  it.each([
    ['of a table that was made anew', {}],
    ['of an unknown spec', { files: [{ ...owedFile(1), specId: 7 }] }],
  ])(
    'is a receipt %s while it is young: the catalog may answer from an old copy',
    async (_, receipt) => {
      await lab.owe(1, { ageMs: 10 * minute - 1_000, receipt })
      if (!('files' in receipt)) await recreate(lab)
      expect(await lab.swept()).toEqual({ paid: 0, quarantined: 0, owed: 1, complete: true })
      expect(await lab.quarantined()).toEqual([])
      lab.world.at(lab.world.now() + 1_000, () => {})
      await lab.world.run(Number.POSITIVE_INFINITY)
      expect(await lab.swept()).toEqual({ paid: 0, quarantined: 1, owed: 0, complete: true })
    },
  )

  it('is a receipt of a later version: it is told, and left as it is', async () => {
    await lab.owe(1)
    const [key = ''] = await lab.owed()
    const later = new TextEncoder().encode('{"format-version":2,"files":"in another way"}')
    await lab.storage.put(key, later)
    const lines: unknown[] = []
    const log: Log = (_, message, facts) => void lines.push([message, facts?.reason])
    const result = await lab.swept({ log })
    expect(result).toMatchObject({ paid: 0, quarantined: 0, owed: 1 })
    expect(lines).toEqual([['receipts are still owed', 'format version 2 is of a later program']])
    expect(await lab.storage.get(key)).toEqual(later)
  })

  it('for a day is copied, so that nobody who removes old files takes it out of the table', async () => {
    await lab.owe(1, { ageMs: 24 * hour })
    await lab.owe(2, { ageMs: 23 * hour })
    await lab.swept()
    const [copy, file] = await lab.files()
    expect([copy === keyOf(1), requestFile(copy ?? ''), file]).toEqual([false, keyOf(1), keyOf(2)])
    expect(await lab.storage.get(copy ?? '')).toEqual(fileOf(1).bytes)
    await expectPaid(lab, [1, 2])
  })
})

it('a file that was paid before its partition spec was removed is paid', async () => {
  const receipt = await lab.owe(1, { ageMs: hour })
  await lab.swept()
  const metadata = lab.metadata()
  const [spec] = metadata['partition-specs']
  if (spec === undefined) throw new Error('no spec')
  // Files of it are in manifests that stand, and in the history.
  lab.tables.set('otel/logs', {
    ...metadata,
    'partition-specs': [{ ...spec, 'spec-id': spec['spec-id'] + 1 }],
    'default-spec-id': spec['spec-id'] + 1,
  })
  await lab.store.write(receipt)
  expect(await lab.swept()).toMatchObject({ paid: 1, quarantined: 0 })
  expect((await lab.files()).length).toBe(1)
})

it('a file that was paid, compacted away and removed is paid, not gone', async () => {
  const receipt = await lab.owe(1, { ageMs: 2 * hour })
  await lab.swept()
  const others = lab.others()
  await lab.timed(async () => {
    while (!(await compact(others))) {}
  })
  expect((await lab.files()).length).toBe(1)
  expect(await lab.files()).not.toContain(keyOf(1))
  await lab.storage.delete(keyOf(1))
  await lab.store.write(receipt)
  expect(await lab.swept()).toMatchObject({ paid: 1, quarantined: 0 })
  expect(await lab.quarantined()).toEqual([])
})

describe('a table whose metadata went back to an older state', () => {
  /** It had so many snapshots more when receipts were left, of looks at what it was then unless they say otherwise. */
  const restored = async (
    more: number,
    ...owed: (readonly [n: number, receipt?: Partial<Receipt>])[]
  ): Promise<void> => {
    const sending = lab.sendIn()
    await sending(1)
    const backup = lab.metadata()
    for (let n = 2; n <= 1 + more; n++) await sending(n)
    for (const [n, receipt = {}] of owed) await lab.owe(n, { receipt })
    lab.tables.set('otel/logs', backup)
  }
  /** A sweep that ends right after its commit. */
  const killedAfterCommit = async (): Promise<void> => {
    let isCommitted = false
    const around: Around = {
      before: () => (isCommitted ? never : undefined),
      after(call) {
        isCommitted ||= call === 'commit'
      },
    }
    void lab.sweep(around)(lab.world.now() + minute)
    await lab.world.run(Number.POSITIVE_INFINITY)
    expect(isCommitted).toBe(true)
  }

  it('is paid once, however many sweeps end before they remove a receipt', async () => {
    await restored(3, [10])
    await killedAfterCommit()
    for (let i = 0; i < 2; i++) await lab.swept()
    expect(await lab.files()).toEqual([1, 10].map(keyOf))
    expect(await lab.owed()).toEqual([])
  })

  it.each([0, 1, 5])(
    'also where it has come to the look of a receipt by %i other commits',
    async (others) => {
      await restored(1, [10])
      await killedAfterCommit()
      const sending = lab.sendIn()
      for (let n = 20; n < 20 + others; n++) await sending(n)
      // What the killed one tried rests once.
      for (let i = 0; i < 2; i++) await lab.swept()
      expect((await lab.files()).filter((file) => file === keyOf(10)).length).toBe(1)
      expect([await lab.owed(), (await lab.files()).length]).toEqual([[], 2 + others])
    },
  )

  it('and so where receipts of older looks are paid with it', async () => {
    await restored(3, [10], [11, { baseSequence: 1 }])
    await killedAfterCommit()
    await lab.owe(12, { receipt: { baseSequence: 2 } })
    const doubts: string[] = []
    const log: Log = (_, message) => void doubts.push(message)
    await lab.swept({ log })
    expect(await lab.files()).toEqual([1, 10, 11, 12].map(keyOf))
    expect([await lab.owed(), doubts]).toEqual([[], []])
  })
})
