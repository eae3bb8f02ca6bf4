// Protects what no killed process can show, but a power failure would: when a put says so, its bytes,
// its name and its folders are on the disk; and a name never gets there before its bytes. The calls
// to the system are real and written down; their order is judged.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openFileStorage } from '../../src/storage/fs.ts'

/** A call to the system: what was asked of which path, and when it began and ended. */
interface Call {
  readonly name: string
  readonly path: string
  readonly begun: number
  ended: number
}

const traced = vi.hoisted(() => {
  const calls: Call[] = []
  const paths = new Map<number, string>()
  let clock = 0
  /** Which argument of a call is the path that matters: of a link its new name. */
  const pathAt: Record<string, number> = { open: 0, mkdir: 0, link: 1, rename: 1 }
  type Callback = (error: unknown, value: unknown) => void

  const record = (name: string, args: unknown[]): unknown[] => {
    const at = pathAt[name]
    const path = at === undefined ? (paths.get(args[0] as number) ?? '') : String(args[at])
    const call: Call = { name, path, begun: clock++, ended: Number.POSITIVE_INFINITY }
    calls.push(call)
    const callback = args.at(-1) as Callback
    const told: Callback = (error, value) => {
      if (error === null) call.ended = clock++
      if (name === 'open' && error === null) paths.set(value as number, path)
      callback(error, value)
    }
    return [...args.slice(0, -1), told]
  }

  // A proxy keeps what `promisify` looks for on the function.
  const trace = <F extends object>(name: string, call: F): F =>
    new Proxy(call, {
      apply: (target, self, args) => Reflect.apply(target as never, self, record(name, args)),
    })
  return { calls, trace, now: () => clock++ }
})

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const names = ['open', 'write', 'fdatasync', 'fsync', 'link', 'rename', 'mkdir'] as const
  return { ...fs, ...Object.fromEntries(names.map((name) => [name, traced.trace(name, fs[name])])) }
})

describe('a put', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-'))
    traced.calls.length = 0
  })
  afterEach(() => rm(folder, { recursive: true }))

  const callsOf = (name: string, path: string) =>
    traced.calls.filter((call) => call.name === name && call.path === path)

  /** Whether `path` was synced from beginning to end between two moments. */
  const synced = (path: string, after: number, before: number): boolean =>
    callsOf('fsync', path).some(({ begun, ended }) => begun > after && ended < before)

  /** What would be missing after a power failure at `moment`. */
  const missing = (path: string, moment: number): string[] => {
    const named = [...callsOf('link', path), ...callsOf('rename', path)]
    const since = Math.min(...named.map(({ ended }) => ended))
    const problems = synced(dirname(path), since, moment) ? [] : [`the name of ${path}`]
    for (let at = dirname(path); at.length > folder.length; at = dirname(at)) {
      const made = Math.min(...callsOf('mkdir', at).map(({ ended }) => ended))
      // A folder that stood already counts too: its maker may have died before its sync.
      const from = Number.isFinite(made) ? made : -1
      if (!synced(dirname(at), from, moment)) problems.push(`the folder ${at}`)
    }
    return problems
  }

  const keys = Array.from({ length: 60 }, (_, i) => `t/s${i % 4}/h${i % 2}/${i}`)
  it.each([
    ['one after another', 1],
    ['a few at a time', 7],
    ['all at once', 60],
  ])('%s: is on the disk when it says so', async (_, lanes) => {
    const root = join(folder, 'root')
    const storage = await openFileStorage(root)
    const queue = keys.values()
    const lane = async (): Promise<string[]> => {
      const problems: string[] = []
      for (const key of queue) {
        await storage.put(key, new Uint8Array(5000), { ifNoneMatch: '*' })
        problems.push(...missing(join(root, key), traced.now()))
      }
      return problems
    }
    expect((await Promise.all(Array.from({ length: lanes }, lane))).flat()).toEqual([])
  })

  it.each([{ ifNoneMatch: '*' as const }, {}])(
    'under %j: bytes come before their name',
    async (options) => {
      const storage = await openFileStorage(folder)
      await Promise.all(keys.map((key) => storage.put(key, new Uint8Array(5000), options)))
      const named = traced.calls.filter(({ name }) => name === 'link' || name === 'rename')
      expect(named).toHaveLength(keys.length)
      const written = Map.groupBy(
        traced.calls.filter(({ name }) => name === 'write' || name === 'fdatasync'),
        ({ path }) => path,
      )
      for (const [path, calls] of written) {
        expect(
          calls.map(({ name }) => name),
          path,
        ).toEqual(['write', 'fdatasync'])
        expect(calls[1]?.begun).toBeGreaterThan(calls[0]?.ended ?? 0)
      }
      const syncs = [...written.values()].map((calls) => calls[1]?.ended ?? 0)
      // The n-th name comes after at least n files were synced: none before its own.
      const moments = named.map(({ begun }) => begun).sort((a, b) => a - b)
      for (const [i, moment] of moments.entries()) {
        expect(syncs.filter((ended) => ended < moment).length).toBeGreaterThan(i)
      }
    },
  )

  it('that finds an object already there makes its name durable too', async () => {
    await (await openFileStorage(folder)).put('a/b', new Uint8Array(1))
    traced.calls.length = 0
    const storage = await openFileStorage(folder)
    expect(await storage.put('a/b', new Uint8Array(1), { ifNoneMatch: '*' })).toBe('exists')
    expect(synced(join(folder, 'a'), -1, traced.now())).toBe(true)
  })

  it.each([
    ['that stood already', 'root', []],
    ['that has to be made with two above it', 'a/b/root', ['a', 'a/b']],
  ])('into a base %s: its name is durable', async (_what, base, made) => {
    const root = join(folder, base)
    if (made.length === 0) await mkdir(root)
    const storage = await openFileStorage(root)
    await storage.put('t/1', new Uint8Array(1))
    expect(missing(join(root, 't/1'), traced.now())).toEqual([])
    for (const above of ['', ...made]) {
      expect(synced(join(folder, above), -1, traced.now()), above).toBe(true)
    }
  })

  it('shares syncs of a folder with others', async () => {
    const storage = await openFileStorage(folder)
    await Promise.all(keys.map((_, i) => storage.put(`a/${i}`, new Uint8Array(1))))
    expect(callsOf('fsync', join(folder, 'a')).length).toBeLessThan(keys.length / 2)
  })
})
