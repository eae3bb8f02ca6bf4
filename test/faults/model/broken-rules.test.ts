// Protects the model from seeing nothing: with any rule of the commit broken some schedule loses, doubles or refuses rows, and
// the model says so.
import { afterEach, describe, expect, it, vi } from 'vitest'
import type {
  Catalog,
  CommitOutcome,
  LoadedTable,
  TableCommit,
} from '../../../src/iceberg/catalog.ts'
import { creation } from '../../contracts/commits.ts'
import type { CatalogKind } from './lake.ts'
import type { ModelOptions } from './model.ts'

// Without compression, which takes real time.
vi.mock('../../../src/iceberg/avro/container.ts', async (original) => ({
  ...(await original<typeof import('../../../src/iceberg/avro/container.ts')>()),
  ...(await import('./plain-container.ts')),
}))

const landedPath = '../../../src/iceberg/landed.ts'
const mergePath = '../../../src/iceberg/merge.ts'
const debtPath = '../../../src/receipts/debt.ts'
const newReceiptPath = '../../../src/receipts/new-receipt.ts'
const paymentPath = '../../../src/receipts/payment.ts'
const storePath = '../../../src/receipts/receipt-store.ts'
const unreferencedPath = '../../../src/iceberg/file/unreferenced-files.ts'
const updatesPath = '../../../src/iceberg/table-updates.ts'

const mocked = [
  ...[landedPath, mergePath, unreferencedPath, updatesPath],
  ...[debtPath, newReceiptPath, paymentPath, storePath],
]

afterEach(() => {
  for (const path of mocked) vi.doUnmock(path)
  vi.resetModules()
})

/** So many seeds at most until a broken rule shows. */
const most = 150

/** What the first seed breaks that breaks something, of those `from` one on; undefined when none does. */
const firstBroken = async (kind: CatalogKind, options: ModelOptions = {}, from = 1) => {
  // Anew, with what is mocked.
  vi.resetModules()
  const { runModel } = await import('./model.ts')
  for (let seed = from; seed < from + most; seed++) {
    const [violation] = await runModel(seed, kind, options).catch((error: unknown) => [
      String(error),
    ])
    if (violation !== undefined) return violation
  }
  return undefined
}

const kinds: readonly CatalogKind[] = ['service', 'file']

describe.each(kinds)('in a catalog of kind %s', (kind) => {
  const found = async (rule: RegExp, options?: ModelOptions): Promise<void> => {
    expect(await firstBroken(kind, options)).toMatch(rule)
  }

  it('files are not looked for', async () => {
    const nothing = { found: new Set(), conclusive: true }
    vi.doMock(landedPath, async (original) => ({
      ...(await original<object>()),
      landed: async () => nothing,
    }))
    await found(/^I2/)
  })

  it('what was unknown is tried again without another look', async () => {
    const { landed, ...others } =
      await vi.importActual<typeof import('../../../src/iceberg/landed.ts')>(landedPath)
    const once: typeof landed = async (table, sought, since, files) =>
      since === 0 ? landed(table, sought, since, files) : { found: new Set(), conclusive: true }
    vi.doMock(landedPath, () => ({ ...others, landed: once }))
    vi.doMock(updatesPath, async (original) => ({
      ...(await original<object>()),
      hasAddedSnapshots: () => false,
    }))
    await found(/^I[245]/)
  })

  it('merged manifests are used though not all that they replace are there', async () => {
    vi.doMock(mergePath, async (original) => ({
      ...(await original<object>()),
      standsFor: () => true,
    }))
    await found(/^I[1234]/)
  })

  it('what is unknown is taken for committed', async () => {
    await found(/^I1/, {
      client: hasty((outcome, table) =>
        outcome.kind === 'unknown' ? { kind: 'committed', table } : outcome,
      ),
    })
  })

  it('the list of the last attempt is sent again after a conflict', async () => {
    await found(/^I[1345]/, { client: resending })
  })
})

describe.each(kinds)('with receipts, in a catalog of kind %s', (kind) => {
  const found = async (rule: RegExp): Promise<void> => {
    expect(await firstBroken(kind, { receipts: true })).toMatch(rule)
  }

  it('a sweep does not look for files first', async () => {
    vi.doMock(debtPath, async (original) => ({
      ...(await original<object>()),
      markLanded: async () => {},
    }))
    await found(/^I[24]/)
  })

  it('a sweep removes receipts whatever became of its commit', async () => {
    vi.doMock(paymentPath, async (original) => {
      const { pay } = await original<typeof import('../../../src/receipts/payment.ts')>()
      const anyhow: typeof pay = async (receipts, ...rest) => {
        await pay(receipts, ...rest).catch(() => {})
        return receipts.map(() => ({ kind: 'paid' }))
      }
      return { pay: anyhow }
    })
    await found(/^I1/)
  })

  it('a receipt claims a look that never was', async () => {
    vi.doMock(newReceiptPath, async (original) => {
      const { newReceipt } = await original<typeof import('../../../src/receipts/new-receipt.ts')>()
      // The next commit may have been its own.
      const claiming: typeof newReceipt = (...args) => {
        const receipt = newReceipt(...args)
        return { ...receipt, baseSequence: receipt.baseSequence + 1 }
      }
      return { newReceipt: claiming }
    })
    await found(/^I[24]/)
  })

  it('a receipt is acknowledged before it is written', async () => {
    vi.doMock(storePath, async (original) => {
      const { createReceiptStore } =
        await original<typeof import('../../../src/receipts/receipt-store.ts')>()
      const hasty: typeof createReceiptStore = (...args) => {
        const store = createReceiptStore(...args)
        return {
          ...store,
          write: async (receipt) => void store.write(receipt).catch(() => {}),
        }
      }
      return { createReceiptStore: hasty }
    })
    await found(/^I1/)
  })
})

describe('with retention', () => {
  const found = async (rule: RegExp, from?: number): Promise<void> => {
    expect(await firstBroken('file', { receipts: true, retention: true }, from)).toMatch(rule)
  }

  it('what attempts are about to refer to is removed', { timeout: 300_000 }, async () => {
    vi.doMock(unreferencedPath, async (original) => {
      const { unreferencedFiles } =
        await original<typeof import('../../../src/iceberg/file/unreferenced-files.ts')>()
      // All that no snapshot names is of long ago.
      const atOnce: typeof unreferencedFiles = async (table, objects) => {
        const lists = new Set(table.metadata.snapshots.map((one) => one['manifest-list']))
        const isList = (key: string) => [...lists].some((path) => path.endsWith(`/${key}`))
        return unreferencedFiles(
          table,
          objects.map((object) => (isList(object.key) ? object : { ...object, modifiedAt: 0 })),
        )
      }
      return { unreferencedFiles: atOnce }
    })
    await found(/is gone|^I/)
  })

  // Half a second and more for a seed, and few show it: those that come first do not.
  it('what receipts need is forgotten', { timeout: 300_000 }, async () => {
    vi.doMock(storePath, async (original) => {
      const { createReceiptStore } =
        await original<typeof import('../../../src/receipts/receipt-store.ts')>()
      const careless: typeof createReceiptStore = (...args) => ({
        ...createReceiptStore(...args),
        neededSince: async () => null,
      })
      return { createReceiptStore: careless }
    })
    await found(/^I2/, 45)
  })
})

it('a table that is gone is made anew', async () => {
  expect(await firstBroken('service', { client: anew })).toBe('a table was made again')
})

/** A client that makes something else of outcomes. */
const hasty =
  (made: (outcome: CommitOutcome, table: LoadedTable) => CommitOutcome) =>
  (catalog: Catalog): Catalog => ({
    ...catalog,
    commit: async (table, ...rest) => made(await catalog.commit(table, ...rest), table),
  })

/** A client that sets the parent right, and nothing else. */
const resending = (catalog: Catalog): Catalog => ({
  ...catalog,
  async commit(table, change, options) {
    const outcome = await catalog.commit(table, change, options)
    if (outcome.kind !== 'conflict') return outcome
    const now = await catalog.load(table.identifier, options)
    return now === null ? outcome : catalog.commit(now, onTop(change, now), options)
  },
})

const onTop = ({ requirements, updates }: TableCommit, { metadata }: LoadedTable): TableCommit => {
  const parent = metadata.refs.main?.['snapshot-id'] ?? null
  return {
    requirements: requirements.map((one) =>
      one.type === 'assert-ref-snapshot-id' ? { ...one, 'snapshot-id': parent } : one,
    ),
    updates: updates.map((one) =>
      one.action === 'add-snapshot' && parent !== null
        ? {
            ...one,
            snapshot: {
              ...one.snapshot,
              'parent-snapshot-id': parent,
              'sequence-number': metadata['last-sequence-number'] + 1,
            },
          }
        : one,
    ),
  }
}

const anew = (catalog: Catalog): Catalog => ({
  ...catalog,
  load: async (identifier, options) =>
    (await catalog.load(identifier, options)) ?? catalog.create(identifier, creation(), options),
})
