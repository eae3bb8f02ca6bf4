// Whether this machine lets a process mount a disk that only it sees: asked of the system alone, so that a
// program which cannot start is never taken for a machine that forbids it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = mkdtempSync(join(tmpdir(), 'otlp2parquet-mount-'))
const mount = ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]
const { status, stderr, error } = spawnSync('unshare', ['-rm', ...mount], { encoding: 'utf8' })
rmdirSync(folder)

/** Why no disk may be mounted here; null where one may. */
export const mountingForbidden: string | null =
  status === 0 ? null : `no disk may be mounted here: ${error?.message ?? stderr.trim()}`
