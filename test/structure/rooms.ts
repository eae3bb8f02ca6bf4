import type { Source } from './source.ts'

/** These know nothing of anybody: everyone may import them. */
const common = [
  'src/aws-domains.ts',
  'src/bytes.ts',
  'src/errors.ts',
  'src/log.ts',
  'src/metrics.ts',
  'src/sha256.ts',
]

/**
 * Who may import whom: a folder (with `/`) or file, and what it may import besides itself. The
 * longest name that fits a file is its room; packages are named by what stands before the first `/`.
 *
 *   runtimes → app → ingest → { otlp, tables, parquet, iceberg, receipts, storage }
 *   otlp → tables → arrow      parquet → arrow      iceberg → storage      receipts → iceberg
 */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  // A runtime puts everything together: it alone reads the configuration and opens a backend.
  'runtimes/': [
    'package.json',
    'src/app.ts',
    'src/ingest.ts',
    'src/ingest/',
    'src/tables/',
    'src/config.ts',
    'src/config/',
    'src/http/auth.ts',
    'src/http/deadline.ts',
    'src/http/negotiation.ts',
    'src/otlp/response.ts',
    'src/parquet/',
    'src/storage/',
    'src/iceberg/',
    'src/receipts/',
    'src/turns.ts',
    'node:',
    '@aws-sdk',
    '@hono',
    'aws4fetch',
    'hono',
    'prom-client',
    'parquet-wasm',
  ],
  'src/app.ts': ['src/http/', 'src/ingest.ts', 'src/otlp/response.ts', 'hono'],
  // The kinds of request that there are; nothing that runs.
  'src/http/': ['src/ingest.ts', 'hono'],
  'src/config.ts': ['src/config/', 'valibot'],
  'src/config/': ['valibot'],
  'src/ingest.ts': [
    'src/ingest/',
    'src/request-id.ts',
    'src/turns.ts',
    'src/otlp/',
    'src/tables/',
    'src/arrow/',
    'src/parquet/',
    'src/iceberg/',
    'src/receipts/',
    'src/storage/storage.ts',
  ],
  // What a file is at each destination; `ingest.ts` alone knows the order.
  'src/ingest/': [
    'src/request-id.ts',
    'src/turns.ts',
    'src/otlp/batch.ts',
    'src/tables/',
    'src/arrow/',
    'src/parquet/',
    'src/iceberg/',
    'src/receipts/',
    'src/storage/storage.ts',
  ],
  'src/request-id.ts': [],
  'src/turns.ts': [],
  'src/otlp/': ['src/tables/', 'src/arrow/'],
  'src/tables/': ['src/arrow/'],
  'src/arrow/': ['apache-arrow', 'flatbuffers'],
  'src/parquet/': ['src/arrow/', 'parquet-wasm'],
  'src/storage/': [],
  // The backend for a machine's own disk: no other file of src/ touches Node.
  'src/storage/fs': ['src/storage/', 'node:', 'p-limit'],
  // The backend for S3: portable, and nobody's business but a runtime's all the same.
  'src/storage/s3': ['src/storage/', 'src/turns.ts', 'aws4fetch', 'p-limit'],
  // The backend for a Worker's bucket: portable too, since its binding is handed in.
  'src/storage/r2': ['src/storage/'],
  'src/iceberg/': ['src/storage/storage.ts', 'src/parquet/', 'src/turns.ts'],
  // A catalog over HTTP; catalogs of AWS want signatures.
  'src/iceberg/rest/': ['src/iceberg/', 'aws4fetch'],
  'src/receipts/': ['src/iceberg/', 'src/storage/storage.ts', 'src/turns.ts'],
}

/** Every import that breaks the rules above, one line each. */
export const brokenRules = (sources: readonly Source[]): string[] =>
  sources.flatMap(({ path, imports }) => {
    const room = common.includes(path) ? path : roomOf(path)
    if (room === undefined) return [`${path}: in no room`]
    const allowed = [room, ...common, ...(rooms[room] ?? [])]
    return imports
      .filter(({ to }) => !allowed.some((name) => covers(name, to)) || isBackend(to, path))
      .map(({ to }) => `${path} → ${to}`)
  })

const roomOf = (path: string): string | undefined =>
  Object.keys(rooms)
    .filter((room) => path.startsWith(room))
    .sort((a, b) => b.length - a.length)[0]

const covers = (name: string, to: string): boolean =>
  to === name || to.startsWith(/[/:]$/.test(name) ? name : `${name}/`) || inBackend(name, to)

const backends = ['src/storage/fs', 'src/storage/s3', 'src/storage/r2', 'src/iceberg/rest/']

/** `src/storage/fs` stands for `fs.ts` and the files beside it that begin with `fs-`. */
const inBackend = (name: string, to: string): boolean =>
  backends.includes(name) && to.startsWith(name)

/** A concrete backend is nobody's but its own and the runtimes'. */
const isBackend = (to: string, from: string): boolean =>
  backends.some((backend) => to.startsWith(backend) && !from.startsWith(backend)) &&
  !from.startsWith('runtimes/')

/** Import cycles, each once: `a → b → a`. Types count: a room is read with its types. */
export const cycles = (sources: readonly Source[]): string[] => {
  const graph = new Map(sources.map(({ path, imports }) => [path, imports.map(({ to }) => to)]))
  const found = new Map<string, string>()
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) {
      const cycle = trail.slice(start)
      found.set(cycle.toSorted().join(), [...cycle, path].join(' → '))
      return
    }
    if (done.has(path)) return
    for (const to of graph.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  return [...found.values()]
}

/** The files that `from` reaches by imports which remain after compilation. */
export const reachable = (sources: readonly Source[], from: string): Source[] => {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const reached = new Set<Source>()
  const visit = (path: string): void => {
    const source = byPath.get(path)
    if (source === undefined || reached.has(source)) return
    reached.add(source)
    for (const { to, typeOnly } of source.imports) if (!typeOnly) visit(to)
  }
  visit(from)
  return [...reached]
}

/** What only some runtimes have, what asks which runtime this is, and what Workers forbid. */
const unportable = [
  ...[
    'process',
    'Buffer',
    'require',
    'module',
    '__dirname',
    '__filename',
    'global',
    'setImmediate',
  ],
  ...['Deno', 'Bun', 'navigator', 'EdgeRuntime', 'WebSocketPair', 'window', 'self', 'globalThis'],
  ...['eval', 'Function'],
]

/** Everything in a file that would not run on Node, Lambda and Workers alike. */
export const unportableParts = ({ path, imports, globals }: Source): string[] => [
  ...imports.filter(({ to }) => /^(node:|\?$)/.test(to)).map(({ to }) => `${path}: import ${to}`),
  ...unportable.filter((name) => globals.has(name)).map((name) => `${path}: ${name}`),
]
