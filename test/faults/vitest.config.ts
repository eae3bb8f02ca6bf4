import { defineConfig } from 'vitest/config'
import { togetherThenAlone } from '../tools/vitest-projects.ts'

const file = (name: string): string => `test/faults/${name}.test.ts`

// What needs the peers of interop: real servers, and readers that judge what is in them.
export default defineConfig({
  test: {
    root: '.',
    testTimeout: 200_000,
    hookTimeout: 200_000,
    expect: { poll: { timeout: 30_000 } },
    projects: togetherThenAlone({
      // Either is waiting for most of its time: for delays, and for what is late.
      together: ['schedules', 'receipt-schedules'].map(file),
      // Fifty programs at once want all there is, and so do those who judge thousands of tables.
      alone: ['writers', 'model-schedules'].map(file),
    }),
  },
})
