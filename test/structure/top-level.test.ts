// Protects: the top level of the repository stays the short list that a newcomer sees.

import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

const files = [
  ...['README.md', 'LICENSE', 'package.json', 'package-lock.json', 'tsconfig.json'],
  // Cloudflare and AWS look for theirs here.
  ...['wrangler.toml', 'template.yaml'],
]
const folders = ['runtimes', 'src', 'infra', 'test']

/** What of these tracked paths does not belong at the top level. Names with a dot in front may stand. */
const strangers = (tracked: readonly string[]): string[] => {
  const known = [...files, ...folders.map((folder) => `${folder}/`)]
  const names = new Set(tracked.map((path) => path.replace(/\/.*/, '/')))
  return [...names].filter((name) => !name.startsWith('.') && !known.includes(name))
}

test('the tracked files at the top level', () => {
  const root = `${import.meta.dirname}/../..`
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  const paths = tracked.split('\0').filter((path) => path !== '')
  expect(paths).toEqual(expect.arrayContaining(files.slice(0, 5)))
  expect(strangers(paths)).toEqual([])
})

test('a file, a folder and a folder named like a file would be strangers', () => {
  expect(strangers(['README.md', 'src/a.ts', '.ci/run', '.npmrc'])).toEqual([])
  expect(strangers(['utils.ts', 'lib/a.ts', 'LICENSE/a', 'src'])).toEqual([
    'utils.ts',
    'lib/',
    'LICENSE/',
    'src',
  ])
})
