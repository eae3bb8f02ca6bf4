// What every catalog promises (src/iceberg/catalog.ts), wherever it keeps its tables: one that passes may be put under
// the rest of the program.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  Catalog,
  LoadedTable,
  TableCommit,
  TableIdentifier,
} from '../../src/iceberg/catalog.ts'
import type { Json } from '../../src/iceberg/json.ts'
import { commitCases } from './catalog-commits.ts'
import { historyCases, scribbleCases } from './catalog-history.ts'
import { tableCases } from './catalog-tables.ts'

/** An empty catalog. */
export interface CatalogFixture {
  /** A namespace that is not there yet, for tests that share a server; `otel` without it. */
  readonly namespace?: string
  /** Another client of the same catalog, as another process would open it. */
  readonly connect: () => Catalog | Promise<Catalog>
  /** Gives a table's metadata a member that nobody here knows, where a test can. */
  readonly scribble?: (table: LoadedTable, name: string, value: Json) => Promise<void>
  readonly dispose?: () => Promise<void>
}

/** What a case works with. */
export interface CatalogScene {
  readonly fixture: CatalogFixture
  /** A client. */
  readonly catalog: Catalog
  /** Names of tables that are not there yet, in one namespace that is not there either. */
  readonly logs: TableIdentifier
  readonly traces: TableIdentifier
  /** A table that is there: `logs` by `catalog`, if nothing else is said. */
  readonly load: (identifier?: TableIdentifier, from?: Catalog) => Promise<LoadedTable>
  /** The table after a commit, by `catalog` if nothing else is said. @throws when it is not committed */
  readonly committed: (
    table: LoadedTable,
    commit: TableCommit,
    by?: Catalog,
  ) => Promise<LoadedTable>
}

/** By what it asks for: a case. */
export type CatalogCases = Readonly<Record<string, (scene: CatalogScene) => Promise<void>>>

/** What a server of others does otherwise than a case asks for. */
export interface CatalogException {
  /** The case. */
  readonly asked: string
  readonly reason: string
  /** The message with which the case fails, as long as it is so. */
  readonly message: RegExp
}

export interface CatalogContractOptions {
  /** Its fixture's `scribble` is there. */
  readonly scribbles?: boolean
  /** A case that is listed and passes is red, as is one that fails with another message. */
  readonly exceptions?: readonly CatalogException[]
}

const sceneOf = async (fixture: CatalogFixture): Promise<CatalogScene> => {
  const catalog = await fixture.connect()
  const namespace = [fixture.namespace ?? 'otel']
  const logs = { namespace, name: 'logs' }
  return {
    fixture,
    catalog,
    logs,
    traces: { namespace, name: 'traces' },
    async load(identifier = logs, from = catalog) {
      const table = await from.load(identifier)
      if (table === null) throw new Error(`no table ${identifier.name}`)
      return table
    },
    async committed(table, commit, by = catalog) {
      const outcome = await by.commit(table, commit)
      if (outcome.kind !== 'committed') throw new Error(`${outcome.kind}: ${outcome.reason}`)
      return outcome.table
    },
  }
}

/** Declares the suite for one catalog. `create` makes a fresh, empty one for each test. */
export const catalogContract = (
  name: string,
  create: () => Promise<CatalogFixture>,
  { scribbles = false, exceptions = [] }: CatalogContractOptions = {},
): void => {
  const cases: CatalogCases = {
    ...tableCases,
    ...commitCases,
    ...historyCases,
    ...(scribbles && scribbleCases),
  }
  const unknown = exceptions.filter(({ asked }) => cases[asked] === undefined)
  if (unknown.length > 0) throw new Error(`no such case: ${unknown.map(({ asked }) => asked)}`)

  describe(`${name} keeps the catalog contract`, () => {
    let scene: CatalogScene
    beforeEach(async () => {
      scene = await sceneOf(await create())
    })
    afterEach(() => scene.fixture.dispose?.())

    for (const [asked, act] of Object.entries(cases)) {
      const exception = exceptions.find((one) => one.asked === asked)
      if (exception === undefined) it(asked, () => act(scene))
      else {
        it(`${asked}. Not so: ${exception.reason}`, () =>
          expect(act(scene)).rejects.toThrow(exception.message))
      }
    }
  })
}
