#!/usr/bin/env node
// The program's first file, and the only one that an older Node has to understand: it asks for the
// version before anything with a newer syntax is loaded. No import above, no `?.`, no await.

const [major, minor] = process.versions.node.split('.').map(Number) as [number, number]

if (major < 22 || (major === 22 && minor < 12)) {
  console.error(`otlp2parquet needs Node 22.12 or newer; this is ${process.version}`)
  process.exit(1)
}

import('./command.ts').then(({ main }) => main(process.argv.slice(2), process.env))
