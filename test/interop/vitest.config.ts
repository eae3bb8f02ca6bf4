import { defineConfig } from 'vitest/config'
import { togetherThenAlone } from '../tools/vitest-projects.ts'

// Each file starts servers and other people's programs, and waits for most of its time: for one that starts, for one that
// has a core of its own.
export default defineConfig({
  test: {
    root: '.',
    // For what waits for another file's programs, too, on a machine of few cores.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 30_000 } },
    projects: togetherThenAlone({
      together: ['test/interop/**/*.test.ts'],
      // What holds times that a busy machine makes longer, and a race of Spark's with a program that commits all the time.
      alone: [
        'test/interop/cloudflare/deployment.test.ts',
        'test/interop/lambda/life.test.ts',
        'test/interop/maintenance.test.ts',
        'test/interop/retries.test.ts',
      ],
      exclude: ['test/interop/peers/**'],
    }),
  },
})
