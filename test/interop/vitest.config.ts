import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** What holds times that a busy machine makes longer: one after the other, when all others are done. */
const alone = [
  'test/interop/cloudflare/deployment.test.ts',
  'test/interop/lambda/life.test.ts',
  'test/interop/retries.test.ts',
]

export default defineConfig({
  test: {
    root: '.',
    // For what waits for another file's programs, too, on a machine of few cores.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/interop/**/*.test.ts'],
          exclude: ['test/interop/peers/**', ...alone],
          // Each starts servers and other people's programs, and waits for most of its time: for one that starts, for one
          // that uses a core of its own. Two at a time even where there are two cores only.
          maxWorkers: Math.min(4, Math.max(2, availableParallelism() - 1)),
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
