/** Runs suites inside workerd: Cloudflare's own runtime, with a bucket of R2 beside it. */
import { join } from 'node:path'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { platform } from '../tools/worker.ts'

/** Suites that were loaded by a Worker. */
export interface WorkerdSuites {
  /** The cases, in the order of their declaration. */
  readonly names: readonly string[]
  /** Runs one. @throws with its failure's stack; with what it waits for, when it does not end */
  run(name: string): Promise<void>
  stop(): Promise<void>
}

/** For a case; within what Vitest lets it have. */
const longestMs = 120_000

const here = (name: string): string => join(import.meta.dirname, name)

/** Loaded by the first request: much that suites do as they are loaded is for requests alone. */
const workerOf = (suites: readonly string[]): string => `
const load = async () => {
  ${suites.map((path) => `await import(${JSON.stringify(path)})`).join('\n')}
  const { underWay } = await import(${JSON.stringify(here('bucket.ts'))})
  return { underWay, cases: (await import(${JSON.stringify(here('vitest.ts'))})).cases }
}
let loaded
export default {
  async fetch(request) {
    loaded ??= load()
    const { cases, underWay } = await loaded
    if (request.method === 'PUT') return Response.json([...underWay].map(({ call }) => call))
    if (request.method === 'GET') return Response.json([...cases.keys()])
    const act = cases.get(await request.text())
    return act().then(
      () => new Response(),
      (error) => new Response(error.stack, { status: 500 }),
    )
  },
}`

/** Answers in this process what a suite asks for, by the name that it is bound to. */
type Services = Readonly<Record<string, (request: Request) => Promise<Response>>>

/** Has workerd load suites, by paths below `test/`. */
export const loadInWorkerd = async (
  suites: readonly string[],
  services: Services = {},
): Promise<WorkerdSuites> => {
  const { outputFiles } = await build({
    stdin: {
      contents: workerOf(suites.map((path) => here(`../${path}`))),
      resolveDir: import.meta.dirname,
    },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'warning',
    external: ['node:*', 'cloudflare:*'],
    plugins: [
      {
        name: 'vitest-in-workerd',
        setup: ({ onResolve }) =>
          onResolve({ filter: /^vitest$/ }, ({ importer }) =>
            importer === here('vitest.ts') ? undefined : { path: here('vitest.ts') },
          ),
      },
    ],
  })
  const miniflare = new Miniflare({
    ...platform,
    modules: true,
    script: outputFiles[0]?.text ?? '',
    r2Buckets: ['BUCKET'],
    serviceBindings: services as never,
  })
  const url = await miniflare.ready
  const names = (await (await miniflare.dispatchFetch(url)).json()) as string[]
  return {
    names,
    async run(name) {
      const ends = new AbortController()
      const { signal } = ends
      const running = miniflare.dispatchFetch(url, { method: 'POST', body: name, signal })
      const late = setTimeout(async () => {
        const waiting = await miniflare.dispatchFetch(url, { method: 'PUT' })
        ends.abort(new Error(`no end after ${longestMs} ms, under way: ${await waiting.text()}`))
      }, longestMs)
      const answer = await running.finally(() => clearTimeout(late))
      if (!answer.ok) throw new Error(await answer.text())
    },
    stop: () => miniflare.dispose(),
  }
}
