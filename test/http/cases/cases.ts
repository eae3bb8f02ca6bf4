/** All cases of the HTTP contract. */
import type { Group } from '../case.ts'
import { configured, noOrigins } from './configured.ts'
import { contentCodings } from './content-codings.ts'
import { contentTypes } from './content-types.ts'
import { jsons } from './json.ts'
import { jsonLines } from './json-lines.ts'
import { partialSuccess } from './partial-success.ts'
import { paths } from './paths.ts'
import { protobufs } from './protobuf.ts'

/** What every server with the defaults must do: these run against any URL. */
export const standard: readonly Group[] = [
  { name: 'paths and methods', cases: paths },
  { name: 'content types', cases: contentTypes },
  { name: 'content codings', cases: contentCodings },
  { name: 'protobuf', cases: protobufs },
  { name: 'JSON', cases: jsons },
  { name: 'JSON lines', cases: jsonLines },
  { name: 'partial success', cases: partialSuccess },
  noOrigins,
]

/** Every group, those that need a configuration of their own included. */
export const groups: readonly Group[] = [...standard, ...configured]
