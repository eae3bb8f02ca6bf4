import { defineConfig } from 'vitest/config'

// One file after the other: each runs servers and other people's programs on a machine of few cores.
export default defineConfig({
  test: {
    root: '.',
    include: ['test/interop/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
