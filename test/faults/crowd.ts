/** Many processes that write one table of the file catalog, and what the table has of it in the end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { noLog } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { logs, storedUuids } from '../iceberg/file/writers.ts'
import { here } from '../interop/programs.ts'
import type { Violation } from './ledger.ts'

export interface CrowdReport {
  readonly violations: readonly Violation[]
  readonly acknowledged: number
  /** Not acknowledged: stored or not. */
  readonly failed: number
  readonly commitsPerSecond: number
}

/** Lets `writers` processes append `each` files one after the other, all at once. */
export const runCrowd = async (writers: number, each: number): Promise<CrowdReport> => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-crowd-'))
  const crowd = Array.from({ length: writers }, () => startWriter(folder, each))
  try {
    await Promise.all(crowd.map(({ ready }) => ready))
    const started = performance.now()
    for (const { go } of crowd) go()
    const lines = (await Promise.all(crowd.map(({ ended }) => ended))).flat()
    const seconds = (performance.now() - started) / 1000
    return await judge(folder, lines, seconds)
  } finally {
    for (const { kill } of crowd) kill()
    await rm(folder, { recursive: true, force: true })
  }
}

const startWriter = (folder: string, each: number) => {
  const child = spawn(process.execPath, [here('test/faults/crowd-writer.ts'), folder, `${each}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(line))
  const closed = once(reader, 'close')
  return {
    ready: Promise.race([once(reader, 'line'), closed]),
    go: () => child.stdin.write('go\n'),
    ended: closed.then(() => lines),
    kill: () => child.kill('SIGKILL'),
  }
}

const judge = async (
  folder: string,
  lines: readonly string[],
  seconds: number,
): Promise<CrowdReport> => {
  const told = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))
  const storage = await openFileStorage(folder)
  const catalog = createFileCatalog({ storage, root: `file://${folder}`, log: noLog })
  const stored = await storedUuids(catalog)
  const { metadata } = (await catalog.load(logs)) ?? {}
  const sent = new Set(told('sent'))
  const acknowledged = [...told('committed'), ...told('duplicate')]
  const snapshots = metadata?.snapshots ?? []
  const violations = [
    ...acknowledged.filter((uuid) => !stored.includes(uuid)).map((uuid) => `I1: ${uuid} is lost`),
    ...stored.filter((uuid, i) => stored.indexOf(uuid) !== i).map((uuid) => `I2: ${uuid} twice`),
    ...stored.filter((uuid) => !sent.has(uuid)).map((uuid) => `I3: ${uuid} was never sent`),
    ...snapshots
      .filter((one, i) => i > 0 && one['parent-snapshot-id'] !== snapshots[i - 1]?.['snapshot-id'])
      .map((one) => `I4: snapshot ${one['snapshot-id']} does not follow the one before`),
  ]
  return {
    violations,
    acknowledged: acknowledged.length,
    failed: told('failed').length,
    commitsPerSecond: Math.round((10 * snapshots.length) / seconds) / 10,
  }
}

if (import.meta.main) {
  const [writers = '10', each = '20'] = process.argv.slice(2)
  console.log(JSON.stringify(await runCrowd(Number(writers), Number(each))))
}
