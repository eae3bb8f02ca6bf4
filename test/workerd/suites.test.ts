/**
 * Protects what of decompression, storage, catalog and receipts runs on Workers: the contracts of storages and catalogs, what R2
 * fails with, and the receipts' faults, each case run by workerd.
 */
import { afterAll, test } from 'vitest'
import { createCatalogs } from './catalogs.ts'
import { loadInWorkerd } from './run.ts'

const catalogs = createCatalogs()
const suites = await loadInWorkerd(
  [
    'runtimes/content-codings.test.ts',
    'workerd/r2.ts',
    'workerd/rest.ts',
    'storage/r2-errors.test.ts',
    'receipts/commit-policy.test.ts',
    'receipts/deferral.test.ts',
    'receipts/lease.test.ts',
    'receipts/new-receipt.test.ts',
    'receipts/old-files.test.ts',
    'receipts/receipt.test.ts',
    'receipts/sweep.test.ts',
    'receipts/sweep-failures.test.ts',
    'receipts/sweep-notes.test.ts',
    'receipts/sweep-order.test.ts',
    'receipts/sweep-time.test.ts',
  ],
  { CATALOGS: catalogs.answer },
)
afterAll(() => Promise.all([suites.stop(), catalogs.close()]))

test.each(suites.names)('%s', (name) => suites.run(name))
