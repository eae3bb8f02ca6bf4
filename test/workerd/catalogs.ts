/** REST catalogs for suites in workerd, where there are no servers: made, scribbled in and closed as a suite asks for it. */
import { parseJson } from '../../src/iceberg/json.ts'
import { type FakeServer, startFakeServer } from '../iceberg/rest/fake-server.ts'

/** What a suite asks for: `POST` a catalog, `PUT` a member into a table's metadata, `DELETE` the catalog. */
export interface Catalogs {
  readonly answer: (request: Request) => Promise<Response>
  close(): Promise<unknown>
}

/** A table, and the member's name and value. */
type Scribble = Parameters<FakeServer['tables']['scribble']>

/** None yet. */
export const createCatalogs = (): Catalogs => {
  const servers = new Map<string, FakeServer>()
  return {
    async answer(request) {
      if (request.method === 'POST') {
        const server = await startFakeServer()
        servers.set(server.uri, server)
        return new Response(server.uri)
      }
      const uri = new URL(request.url).searchParams.get('uri') ?? ''
      const server = servers.get(uri)
      if (server === undefined) throw new Error(`no catalog ${uri}`)
      if (request.method === 'PUT') {
        const [identifier, name, value] = parseJson(await request.text()) as unknown as Scribble
        server.tables.scribble(identifier, name, value)
      } else {
        servers.delete(uri)
        await server.close()
      }
      return new Response()
    },
    close: () => Promise.all([...servers.values()].map((server) => server.close())),
  }
}
