import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSource, type Source } from './source.ts'

const root = join(import.meta.dirname, '../..')

/** The paths of the TypeScript files under a folder, from the repository's root. */
export const listFiles = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !/node_modules|peers/.test(path))
    .map((path) => `${folder}/${path}`)
    .sort()

/** A file's text, by its path from the repository's root. */
export const readText = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Every source file of the program. */
export const readProgram = (): Source[] =>
  ['src', 'runtimes'].flatMap(listFiles).map((path) => readSource(path, readText(path)))

/** Source files that a test invents: path → text. */
export const invent = (files: Readonly<Record<string, string>>): Source[] =>
  Object.entries(files).map(([path, text]) => readSource(path, text))
