/** Programs for Java: what ours are compiled to is kept, and all are run as those that end soon. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { run } from './programs.ts'

/** Options for a program of seconds, which does not live to see what optimizing compilers and collectors are for. */
export const quickStart: readonly string[] = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/**
 * What runs a program of one file: the class path and its class. Compiling takes longer than most of what is asked of it,
 * and is done once; what came of it stands beside the jars and goes with them.
 *
 * @throws with what the compiler says
 */
export const compiled = async (source: string, jars: string): Promise<readonly string[]> => {
  const [first = ''] = jars.split(':')
  const hash = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
  const classes = `${dirname(first)}/classes-${hash.slice(0, 16)}`
  if (!existsSync(classes)) {
    const made = await mkdtemp(`${classes}-`)
    // Not the command `javac`, which not every Java that compiles has; it compiles for the class path that it has itself.
    const compiler = 'com.sun.tools.javac.Main'
    await run('java', [...quickStart, '-cp', jars, compiler, '-d', made, source])
    // Somebody else may have been faster.
    await rename(made, classes).catch(() => rm(made, { recursive: true }))
  }
  return ['-cp', `${classes}:${jars}`, basename(source, '.java')]
}
