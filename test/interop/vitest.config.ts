import { defineConfig } from 'vitest/config'

// Where to leave a report of every test besides what is printed.
const report = process.env.TEST_REPORT

// One file after the other: each runs servers and other people's programs on a machine of few cores.
export default defineConfig({
  test: {
    root: '.',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    include: ['test/interop/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
})
