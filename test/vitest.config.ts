import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: '.',
    include: ['test/**/*.test.ts'],
    exclude: [
      'test/interop/**',
      'test/bench/**',
      // These need other people's servers: test/faults/vitest.config.ts.
      'test/faults/*schedules.test.ts',
      'test/faults/writers.test.ts',
    ],
    // Some files wait for servers and timers, others compute on a virtual clock: two at a time even where
    // there are two cores only, one of which Vitest would leave alone.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A test that hangs fails; one on a busy machine does not.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
