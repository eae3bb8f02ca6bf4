import { defineConfig } from 'vitest/config'

// Where to leave a report of every test besides what is printed.
const report = process.env.TEST_REPORT

export default defineConfig({
  test: {
    root: '.',
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    include: ['test/**/*.test.ts'],
    exclude: ['test/interop/**', 'test/bench/**'],
    // A test that hangs fails; one on a busy machine does not.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
