// A storage in a process of its own, under limits that a test's own process could not bear.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { IngestError } from '../../../src/errors.ts'
import { openFileStorage } from '../../../src/storage/fs.ts'

/** What a put said: its result, or the kind, the sentence and the system's code of its error. */
export type Outcome = 'created' | 'exists' | { kind: string; message: string; code: unknown }

const [disk = ''] = process.argv.slice(2)
const root = join(disk, 'data')
const filler = join(disk, 'filler')
const nobody = 65534
const held: number[] = []

const outcomeOf = (act: Promise<Outcome>): Promise<Outcome> =>
  act.catch((error: unknown) => {
    if (!(error instanceof IngestError)) return { kind: 'none', message: String(error), code: '' }
    return {
      kind: error.kind,
      message: error.message,
      code: (error.cause as { code?: string }).code,
    }
  })

const storage = await openFileStorage(root)

/** Every byte is the size's last byte, so that a reader can tell a whole object. */
const put = (key: string, size: number): Promise<Outcome> =>
  outcomeOf(storage.put(key, new Uint8Array(size).fill(size), { ifNoneMatch: '*' }))

const until = (act: () => void, code: string): void => {
  try {
    for (;;) act()
  } catch (error) {
    if ((error as { code?: string }).code !== code) throw error
  }
}

const commands = {
  put,
  putAll: (keys: string[], size: number) => Promise.all(keys.map((key) => put(key, size))),
  ready: () => outcomeOf(storage.ready().then(() => 'exists')),
  /** Every file below the root with its size, temporary ones too. */
  files: () =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => `${path.slice(root.length + 1)} ${statSync(path).size}`)
      .sort(),
  fillDisk: () => until(() => writeFileSync(filler, new Uint8Array(4096), { flag: 'a' }), 'ENOSPC'),
  freeDisk: () => rmSync(filler),
  remount: (mode: string) => execFileSync('mount', ['-o', `remount,${mode}`, disk]).length,
  /** Becomes an ordinary user, whom modes bind, and who owns the root and `folder` in it. */
  restrict: (folder: string) => {
    mkdirSync(join(root, folder), { recursive: true })
    if (process.geteuid?.() === 0) {
      for (const path of ['..', '.', folder, '.tmp']) chownSync(join(root, path), nobody, nobody)
      // The real user too: `access` asks for that one.
      process.setuid?.(nobody)
    }
  },
  chmod: (folder: string, mode: number) => chmodSync(join(root, folder), mode),
  takeAllFiles: () => until(() => held.push(openSync('/dev/null', 'r')), 'EMFILE'),
  giveFilesBack: () => {
    for (const fd of held.splice(0)) closeSync(fd)
  },
}

export type Commands = typeof commands

process.on('message', async ([id, name, ...args]: [number, keyof Commands, ...never[]]) => {
  try {
    const answer = await (commands[name] as (...args: never[]) => unknown)(...args)
    process.send?.([id, { answer }])
  } catch (error) {
    process.send?.([id, { error: String(error) }])
  }
})
process.on('disconnect', () => process.exit())
process.send?.('ready')
