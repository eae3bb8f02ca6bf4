/** Other people's programs: where they stand and how they are run. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'

/** A path inside the repository. */
export const here = (path: string): string =>
  fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** Where install.sh puts them. */
export const peers = here('test/interop/peers')

const peer = (path: string): string => `${peers}/${path}`

export const python = peer('python/bin/python')
/** With an exporter that compresses every attempt anew. */
export const regzip = peer('regzip/bin/python')
export const collector = peer('collector/otelcol')
export const telemetrygen = peer('bin/telemetrygen')
/** The strict S3 server. */
export const versitygw = peer('bin/versitygw')
/** The light S3 server. */
export const moto = peer('python/bin/moto_server')
/** A tool for the files in infra/, by its name. */
export const infraPeer = (name: string): string => peer(`infra/bin/${name}`)
/** Node: the oldest that the program runs on, or one that is too old. */
export const nodePeer = (age: 'oldest' | 'too-old'): string =>
  peer(`nodes/node_modules/${age}/bin/node`)
/** The class path of Java's parquet-cli. */
export const parquetCli = peer('java/lib/*')
/** The class path of Iceberg's Java library and of its REST server. */
export const icebergJars = peer('iceberg/lib/*')
/** The class path of an old version of Iceberg's Java library; Hadoop's is the young one's. */
export const oldIcebergJars = (version: string): string =>
  [peer(`old-iceberg/${version}/*`), ...['api', 'runtime'].map(hadoopClient)].join(':')
const hadoopClient = (part: string): string => peer(`iceberg/lib/hadoop-client-${part}-3.4.1.jar`)
export const nessie = peer('nessie/lib/nessie-quarkus-0.99.0-runner.jar')
/** A Java that runs Nessie: 21 or newer, from PyPI, whatever the machine has. */
export const youngJava = peer('catalogs/bin/java')
/** An S3 Tables endpoint. */
export const ministack = peer('catalogs/bin/ministack')
/** Cloudflare's tool for Workers. */
export const wrangler = peer('wrangler/node_modules/.bin/wrangler')
/** Python with PyIceberg. */
export const pyiceberg = peer('pyiceberg/bin/python')
/** Python with Spark, and the jars that make Spark know Iceberg. */
export const spark = peer('spark/bin/python')
/** Runs a program for Spark, as its users do. */
export const sparkSubmit = peer('spark/bin/spark-submit')
export const sparkJars = peer('spark/jars/lib')
/** One of DuckDB's extensions. */
export const duckdbExtension = (name: string): string =>
  peer(`duckdb/duckdb_extension_${name}/extensions/v1.5.5/${name}.duckdb_extension`)

export interface RunOptions {
  readonly input?: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a program to its end and gives what it printed.
 * @throws with what it printed when it ends with another code than 0
 */
export const run = (
  program: string,
  args: readonly string[],
  { input = '', cwd = here(''), env = {} }: RunOptions = {},
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env: { ...process.env, ...env } })
    const out: Buffer[] = []
    const err: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(Buffer.concat(out).toString())
      const printed = Buffer.concat([...err, ...out])
      reject(new Error(`${program} ended with ${code ?? signal}:\n${printed}`))
    })
    // One that ends before it has read its input is no error of its own: how it ended tells.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
  })

/** Ports below those that systems give to whoever asks for any: none of these is taken by chance before its server is up. */
const ports = { first: 10_000, count: 20_000 }
/** Each worker of a test run has ports of its own. */
const lanes = 8
const lane = Number(process.env.VITEST_POOL_ID ?? 0) % lanes
let turn = randomInt(ports.count / lanes)

/** A port that nobody listens on now. */
export const freePort = async (): Promise<number> => {
  for (let tried = 0; tried < ports.count / lanes; tried++) {
    turn = (turn + 1) % (ports.count / lanes)
    const port = ports.first + turn * lanes + lane
    if (await isFree(port)) return port
  }
  throw new Error('no port is free')
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer().on('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

export interface Service {
  readonly url: string
  /** Ends the program with SIGTERM and waits for it; its exit code. */
  stop(): Promise<number | null>
}

export interface ServeOptions {
  readonly port: number
  /** The path that answers 2xx when the server is ready. */
  readonly ready: string
  /** Where it answers `ready`, when that is another port. */
  readonly readyPort?: number
  readonly method?: 'GET' | 'POST'
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds that it may take, when a minute is too short. */
  readonly patience?: number
}

/**
 * Starts a server and waits until it is ready.
 * @throws with what it printed when it ends, or its time is up, before that
 */
export const serve = async (
  program: string,
  args: readonly string[],
  { port, ready, readyPort = port, method = 'GET', env = {}, patience = 60_000 }: ServeOptions,
): Promise<Service> => {
  const child = spawn(program, args, { cwd: here(''), env: { ...process.env, ...env } })
  const printed: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    child.kill('SIGTERM')
    return ended
  }
  const deadline = Date.now() + patience
  while (!(await answers(`http://127.0.0.1:${readyPort}${ready}`, method))) {
    if (child.exitCode === null && Date.now() < deadline) continue
    await stop()
    throw new Error(`${program} ${args.join(' ')} is not ready:\n${Buffer.concat(printed)}`)
  }
  return { url, stop }
}

/** Whether a URL answers with 2xx; if not, a moment has passed. */
const answers = async (url: string, method: 'GET' | 'POST'): Promise<boolean> => {
  try {
    const body = method === 'POST' ? { body: '{}' } : {}
    const headers = { 'content-type': 'application/json' }
    if ((await fetch(url, { method, headers, ...body })).ok) return true
  } catch {
    // Nobody listens yet.
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
  return false
}
