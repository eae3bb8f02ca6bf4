import { type ParseResult, parseSync } from 'rolldown/utils'

/** A source file, read by a real parser: what it imports, what it declares, what it touches. */
export interface Source {
  /** From the repository's root: `src/otlp/json.ts`. */
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly functions: readonly NamedFunction[]
  /** Names that it reads from its surroundings: `process`, `Buffer`, `eval`, … */
  readonly globals: ReadonlySet<string>
  readonly defaultExport: boolean
  /** Lines that say `any`. */
  readonly anys: readonly number[]
  readonly comments: readonly string[]
}

export interface Import {
  /** A path from the repository's root, a package's specifier, or `?` where it is computed. */
  readonly to: string
  /** Gone after compilation. */
  readonly typeOnly: boolean
}

/** A function with a name: declared, a constant, a method or a property. */
export interface NamedFunction {
  readonly name: string
  readonly line: number
  readonly lines: number
  readonly exported: boolean
  readonly documented: boolean
}

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

/** Reads one file's text. Throws when it does not parse. */
export const readSource = (path: string, text: string): Source => {
  const parsed = parseSync(path, text)
  if (parsed.errors.length > 0) throw new Error(`${path}: ${parsed.errors[0]?.message}`)
  const nodes = [...walk(parsed.program as unknown as Node)]
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  const anys = nodes.filter(({ node }) => node.type === 'TSAnyKeyword')
  return {
    path,
    lines: text.trimEnd().split('\n').length,
    imports: importsOf(path, text, parsed.module),
    functions: functionsOf(text, nodes, parsed, lineOf),
    globals: globalsOf(nodes),
    defaultExport: exportsOf(parsed.module).has('default'),
    anys: anys.map(({ node }) => lineOf(node.start)),
    comments: parsed.comments.map(({ value }) => value),
  }
}

interface Visit {
  readonly node: Node
  readonly parent: Node | null
  /** The parent's property that holds the node. */
  readonly key: string
}

function* walk(node: Node, parent: Node | null = null, key = ''): Generator<Visit> {
  yield { node, parent, key }
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === 'string') yield* walk(child as Node, node, name)
    }
  }
}

type ModuleRecord = ParseResult['module']

const importsOf = (path: string, text: string, module: ModuleRecord): Import[] => [
  ...module.staticImports.map(({ moduleRequest, entries }) => ({
    to: resolve(path, moduleRequest.value),
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
  })),
  ...module.staticExports.flatMap(({ entries }) =>
    entries.flatMap(({ moduleRequest, isType }) =>
      moduleRequest === null ? [] : [{ to: resolve(path, moduleRequest.value), typeOnly: isType }],
    ),
  ),
  ...module.dynamicImports.map(({ moduleRequest: { start, end } }) => {
    const literal = /^(['"])(.*)\1$/.exec(text.slice(start, end))?.[2]
    return { to: literal === undefined ? '?' : resolve(path, literal), typeOnly: false }
  }),
]

const resolve = (from: string, specifier: string): string =>
  specifier.startsWith('.') ? new URL(specifier, `file:///${from}`).pathname.slice(1) : specifier

/** What a module exports, by local name; `default` for a default export. */
const exportsOf = (module: ModuleRecord): Set<string> =>
  new Set(
    module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ exportName, localName, moduleRequest }) => {
        const isDefault = exportName.kind === 'Default' || exportName.name === 'default'
        return [
          ...(isDefault ? ['default'] : []),
          ...(moduleRequest === null && localName.name !== null ? [localName.name] : []),
        ]
      }),
    ),
  )

const functionsOf = (
  text: string,
  nodes: readonly Visit[],
  { module, comments }: ParseResult,
  lineOf: (offset: number) => number,
): NamedFunction[] => {
  const exported = exportsOf(module)
  const docs = comments.filter(({ type, value }) => type === 'Block' && value.startsWith('*'))
  const isDocumented = (start: number) => {
    const line = text.slice(0, start).replace(/(export|const|async|\s)*$/, '').length
    return docs.some(({ end }) => end === line)
  }
  return nodes.flatMap(({ node, parent }) => {
    const name = nameOf(node, parent)
    if (name === undefined) return []
    const topLevel = parent?.type === 'VariableDeclarator' || node.type === 'FunctionDeclaration'
    const start = parent?.type === 'VariableDeclarator' ? parent.start : node.start
    return {
      name,
      line: lineOf(node.start),
      lines: lineOf(node.end) - lineOf(node.start) + 1,
      exported: topLevel && exported.has(name),
      documented: isDocumented(start),
    }
  })
}

const functionTypes = ['ArrowFunctionExpression', 'FunctionExpression', 'FunctionDeclaration']

/** A function's own name, or that of the constant, method or property which holds it. */
const nameOf = (node: Node, parent: Node | null): string | undefined => {
  if (!functionTypes.includes(node.type) || node.body === null) return undefined
  const holder = (node.id ?? parent?.id ?? parent?.key) as { name?: string; value?: string } | null
  return holder?.name ?? holder?.value
}

/** Where an identifier is only a name: of a property, or of what another module exports. */
const nameKeys = ['key', 'property', 'imported', 'exported']
/** Where names are bound: parameters, declarations, imports, `catch`. */
const bindingKeys = ['params', 'id', 'local', 'param']

/** The identifiers that a file uses and does not bind anywhere. */
const globalsOf = (nodes: readonly Visit[]): Set<string> => {
  const used = nodes.filter(
    ({ node, parent, key }) =>
      node.type === 'Identifier' && (!nameKeys.includes(key) || parent?.computed === true),
  )
  const bindings = nodes.filter(({ key }) => bindingKeys.includes(key))
  const bound = new Set(bindings.flatMap(({ node }) => boundNames(node)))
  return new Set(used.map(({ node }) => String(node.name)).filter((name) => !bound.has(name)))
}

/** The names in a pattern: `{ a, b: [c] = [], ...d }` binds a, c and d. */
const boundNames = (pattern: Node | null): string[] => {
  const inside = (key: string) => ((pattern?.[key] ?? []) as Node[]).flatMap(boundNames)
  switch (pattern?.type) {
    case 'Identifier':
      return [String(pattern.name)]
    case 'ObjectPattern':
      return inside('properties')
    case 'ArrayPattern':
      return inside('elements')
    case 'Property':
      return boundNames(pattern.value as Node)
    case 'AssignmentPattern':
      return boundNames(pattern.left as Node)
    case 'RestElement':
      return boundNames(pattern.argument as Node)
    default:
      return []
  }
}
