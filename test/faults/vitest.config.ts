import { defineConfig } from 'vitest/config'

// What needs the peers of interop: real servers, and readers that judge what is in them.
export default defineConfig({
  test: {
    root: '.',
    include: ['schedules', 'receipt-schedules', 'writers'].map(
      (name) => `test/faults/${name}.test.ts`,
    ),
    fileParallelism: false,
    testTimeout: 200_000,
    hookTimeout: 200_000,
  },
})
