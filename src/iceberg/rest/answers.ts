/** What a catalog's answers say (Iceberg REST catalog specification, "components/schemas"), read with distrust. */
import type { Json } from '../json.ts'
import type { HttpAnswer } from './http.ts'

export type Properties = Readonly<Record<string, string>>

/** A JSON object's members; none of anything else. */
export const membersOf = (json: Json | undefined): Readonly<Record<string, Json>> =>
  isObject(json) ? json : {}

const isObject = (json: Json | undefined): json is Readonly<Record<string, Json>> =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** A JSON object's members as text; what is none is left out. */
export const propertiesOf = (json: Json | undefined): Properties => {
  const scalars = Object.entries(membersOf(json)).filter(
    ([, value]) => value !== null && typeof value !== 'object',
  )
  return Object.fromEntries(scalars.map(([name, value]) => [name, String(value)]))
}

/** A JSON array's items; none of anything else. */
export const itemsOf = (json: Json | undefined): readonly Json[] =>
  Array.isArray(json) ? json : []

/** What an answer says went wrong. */
export interface ErrorWords {
  /** The error's type by its last name: `CommitFailedException`, …; empty where nothing says. */
  readonly type: string
  readonly message: string
}

/** Why AWS denies something stands at the end of a long sentence. */
const maxWords = 1000

/**
 * The error in an answer, of whatever shape: `IcebergErrorResponse`, AWS's `{"__type","message"}` or a header and
 * `{"message"}`, OAuth's `{"error","error_description"}`, plain text, a web server's HTML.
 */
export const errorWords = ({ json, text, errorType }: HttpAnswer): ErrorWords => {
  const outer = membersOf(json)
  const inner = membersOf(outer.error)
  const type = inner.type ?? outer.__type ?? outer.error ?? errorType
  const message =
    inner.message ?? outer.error_description ?? outer.message ?? outer.Message ?? plain(text)
  return {
    type: typeof type === 'string' ? bareType(type) : '',
    message: typeof message === 'string' ? message.slice(0, maxWords) : '',
  }
}

/** Without what AWS appends after a colon (Smithy, "restJson1", operation error serialization), and without its package. */
const bareType = (type: string): string => type.split(':')[0]?.split(/[.#]/).at(-1) ?? ''

/** A page's words without its tags, styles and scripts. No end is looked for twice: what has none goes on to the page's own. */
const plain = (text: string): string =>
  text
    .slice(0, 100 * maxWords)
    .replace(/<(style|script)\b[\s\S]*?(?:<\/\1>|$)|<[^<>]*>/gi, ' ')
    .replace(/\s+/g, ' ')
    .trim()
