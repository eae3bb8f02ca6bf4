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
    // A test that hangs fails; one on a busy machine does not.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
