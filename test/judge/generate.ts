// Regenerates test/judge/gen from test/judge/proto; `git diff --exit-code test/judge/gen` says whether it was up to date.
// protoc itself comes from PyPI (grpcio-tools), into a folder that git ignores.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const here = import.meta.dirname
const peer = join(here, '../interop/peers/protoc')
const python = join(peer, 'bin/python')
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: join(here, 'proto'), stdio: ['ignore', 'ignore', 'inherit'] })

if (!existsSync(join(peer, 'ready'))) {
  mkdirSync(dirname(peer), { recursive: true })
  run('python3', '-m', 'venv', peer)
  run(python, '-m', 'pip', 'install', '-q', 'grpcio-tools==1.85.1')
  mkdirSync(join(peer, 'ready'))
}
rmSync(join(here, 'gen'), { recursive: true, force: true })
mkdirSync(join(here, 'gen'))
run(
  python,
  '-m',
  'grpc_tools.protoc',
  `--plugin=protoc-gen-es=${join(here, '../../node_modules/.bin/protoc-gen-es')}`,
  '--es_out=../gen',
  '--es_opt=target=ts,import_extension=ts,erasable_syntax=true',
  '-I.',
  ...readdirSync(join(here, 'proto')),
)
