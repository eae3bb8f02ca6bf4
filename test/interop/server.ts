/** The program under test, run as a user runs it, on a free port and a folder of its own. */
import { mkdtemp, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { freePort, here, type Service, serve } from './programs.ts'

export interface Server extends Service {
  readonly folder: string
  /** The data files, below the folder, sorted. */
  files(): Promise<string[]>
}

/** Starts the server, in a folder that is there or in a new one. */
export const startServer = async (
  env: Readonly<Record<string, string>> = {},
  existing?: string,
): Promise<Server> => {
  const folder = existing ?? (await mkdtemp(join(tmpdir(), 'interop-')))
  const port = await freePort()
  const args = [here('runtimes/cli.ts'), '--port', String(port), '--output', folder]
  const service = await serve(process.execPath, args, { port, ready: '/ready', env })
  return { ...service, folder, files: () => dataFiles(folder) }
}

const dataFiles = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder, { recursive: true })
  return names
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => name.split(sep).join('/'))
    .sort()
}
