// Protects: the judge of all other tests. Its generated code is what its .proto files give, and these describe the same
// messages as the opentelemetry-proto that Python's SDK is built on.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { descriptorSet } from '../judge/descriptors.ts'
import { generate, generated } from '../judge/generate.ts'
import { here, python, run } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'otlp2parquet-judge-'))
afterAll(() => rmSync(folder, { recursive: true }))

const contents = (path: string) =>
  Object.fromEntries(
    readdirSync(path).map((name) => [name, readFileSync(join(path, name), 'utf8')]),
  )

describe('the judge', () => {
  it('is generated from its .proto files', () => {
    generate(join(folder, 'gen'))
    expect(contents(join(folder, 'gen'))).toEqual(contents(generated))
  })

  const compare = (descriptors: Uint8Array) => {
    writeFileSync(join(folder, 'judge.binpb'), descriptors)
    return run(python, [here('test/interop/proto_descriptors.py'), join(folder, 'judge.binpb')])
  }

  it('agrees with opentelemetry-proto, and a field that does not would be told', async () => {
    expect(await compare(descriptorSet())).toMatch(
      /^\d\d\d messages, fields and enum values agree\n$/,
    )
    const wrong = Buffer.from(descriptorSet())
      .toString('latin1')
      .replace('event_name', 'event_nome')
    await expect(compare(Buffer.from(wrong, 'latin1'))).rejects.toThrow('ended with 1')
  })
})
