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
      scribble: async ({ identifier }, name, value) =>
        server.tables.scribble(identifier, name, value),
      dispose: () => server.close(),
    }
  },
  { scribbles: true },
)
