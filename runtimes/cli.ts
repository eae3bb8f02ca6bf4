#!/usr/bin/env node
// The program's first file, and the only one that an older Node has to understand: it asks for the
// version before anything of a newer Node is used. The build turns its syntax into an old one.

import { keepCompiledCode } from './node/compile-cache.ts'
import { compileParquetWasm } from './node/wasm.ts'

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]

if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`otlp2parquet needs Node 22.12 or newer; this is ${process.version}`)
  process.exit(1)
}

const args = process.argv.slice(2)

// What is kept is what a run has used: one that only tells something would spoil it for a server.
if (!args.some((arg) => /^-(?:h|v|-help|-version)$/.test(arg))) keepCompiledCode(process.env)

// Begun before everything else is loaded, and for nothing when only the version is asked for.
const encoder = compileParquetWasm()
// Whoever waits for it learns what went wrong; nobody waits when there is no server.
encoder.catch(() => undefined)

import('./command.ts').then(({ main }) => main(args, process.env, encoder))
