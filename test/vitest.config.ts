import { defineConfig } from 'vitest/config'
import { togetherThenAlone } from './tools/vitest-projects.ts'

/** What measures time, memory or open files: one after the other, when all others are done. */
const alone = [
  'test/faults/disk.test.ts',
  'test/properties/bombs.test.ts',
  'test/properties/lambda-bombs.test.ts',
  'test/runtimes/cloudflare-memory.test.ts',
  'test/runtimes/npm-start.test.ts',
]

/** What needs more than npm packages. */
const elsewhere = [
  'test/interop/**',
  'test/bench/**',
  // These need other people's servers: test/faults/vitest.config.ts.
  'test/faults/*schedules.test.ts',
  'test/faults/writers.test.ts',
]

export default defineConfig({
  test: {
    root: '.',
    // A test that hangs fails; one on a busy machine does not, nor one that polls for what comes late there.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    projects: togetherThenAlone({ together: ['test/**/*.test.ts'], alone, exclude: elsewhere }),
  },
})
