// Protects: the catalog in memory, on which the commit rule is tried, is a catalog like the others.
import { createMemoryStorage } from '../../src/storage/memory.ts'
import { catalogContract } from '../contracts/catalog.ts'
import { createMemoryCatalog, memoryFileIO, tableName } from './memory-catalog.ts'

catalogContract(
  'a catalog in memory',
  async () => {
    const tables = new Map()
    const io = memoryFileIO(createMemoryStorage())
    return {
      connect: () => createMemoryCatalog({ tables, io }),
      async scribble({ identifier, metadata }, name, value) {
        tables.set(tableName(identifier), { ...metadata, [name]: value })
      },
    }
  },
  { scribbles: true },
)
