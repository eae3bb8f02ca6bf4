// Protects: the client of REST catalogs is a catalog like the others.
import { catalogContract } from '../../contracts/catalog.ts'
import { startFakeServer } from './fake-server.ts'
import { memoryFiles, openCatalog } from './open.ts'

catalogContract(
  'a REST catalog',
  async () => {
    const server = await startFakeServer()
    const openFileIO = memoryFiles()
    return {
      connect: () => openCatalog(server.uri, { openFileIO }),
      async scribble({ identifier }, name, value) {
        const key = `${identifier.namespace.join('.')}/${identifier.name}`
        const metadata = server.tables.tables.get(key)
        if (metadata === undefined) throw new Error(`no table ${key}`)
        server.tables.tables.set(key, { ...metadata, [name]: value })
      },
      dispose: () => server.close(),
    }
  },
  { scribbles: true },
)
