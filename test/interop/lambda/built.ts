/** The function as it is uploaded: built, and its archive unpacked as Lambda does it. */
import { execFile } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { here } from '../programs.ts'

const execute = promisify(execFile)

/** Builds the archive and unpacks it; the folder that the function's files are in, below one of its own. */
export const builtFunction = async (): Promise<{ folder: string; task: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'interop-lambda-'))
  await execute(process.execPath, ['test/tools/build-lambda.ts', folder], { cwd: here('') })
  const task = join(folder, 'task')
  await execute('unzip', ['-q', join(folder, 'lambda.zip'), '-d', task])
  return { folder, task }
}
