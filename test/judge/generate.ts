/** Generates test/judge/gen from test/judge/proto: `test/interop/install.sh protoc && node test/judge/generate.ts`. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const at = (path: string): string => join(import.meta.dirname, path)

/** Where the generated code is kept. */
export const generated = at('gen')

/** Generates into a folder, whose content goes; protoc itself comes from PyPI's grpcio-tools. */
export const generate = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  const plugin = `--plugin=protoc-gen-es=${at('../../node_modules/.bin/protoc-gen-es')}`
  const options = '--es_opt=target=ts,import_extension=ts,erasable_syntax=true'
  const files = readdirSync(at('proto'))
  execFileSync(
    at('../interop/peers/protoc/bin/python'),
    ['-m', 'grpc_tools.protoc', plugin, `--es_out=${folder}`, options, '-I.', ...files],
    { cwd: at('proto'), stdio: ['ignore', 'ignore', 'inherit'] },
  )
}

if (import.meta.main) generate(generated)
