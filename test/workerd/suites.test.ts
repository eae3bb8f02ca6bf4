/**
 * Protects what of decompression, storage, catalog and receipts runs on Workers: the contracts through a Worker's own binding of
 * R2, what R2 fails with, and the receipts' faults, each case run by workerd.
 */
import { afterAll, test } from 'vitest'
import { loadInWorkerd } from './run.ts'

const suites = await loadInWorkerd([
  'runtimes/content-codings.test.ts',
  'workerd/r2.ts',
  'storage/r2-errors.test.ts',
  'receipts/deferral.test.ts',
  'receipts/lease.test.ts',
  'receipts/new-receipt.test.ts',
  'receipts/old-files.test.ts',
  'receipts/receipt.test.ts',
  'receipts/sweep.test.ts',
])
afterAll(() => suites.stop())

test.each(suites.names)('%s', (name) => suites.run(name))
