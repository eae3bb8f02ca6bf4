import { defineConfig } from 'vitest/config'

const file = (name: string): string => `test/faults/${name}.test.ts`

// What needs the peers of interop: real servers, and readers that judge what is in them.
export default defineConfig({
  test: {
    root: '.',
    testTimeout: 200_000,
    hookTimeout: 200_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          // Either is waiting for most of its time: the two take a quarter of two cores each.
          include: ['schedules', 'receipt-schedules'].map(file),
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          // Fifty programs at once want all there is.
          include: [file('writers')],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
