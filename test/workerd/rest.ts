/** The client of REST catalogs as it runs in workerd, with the fetch that is there; the catalogs are outside of it. */
import { env } from 'cloudflare:workers'
import { stringifyJson } from '../../src/iceberg/json.ts'
import { catalogContract } from '../contracts/catalog.ts'
import { memoryFiles, openCatalog } from '../iceberg/rest/open.ts'

const ask = async (method: string, uri = '', body?: string): Promise<string> => {
  const catalogs = env.CATALOGS as { fetch: typeof fetch }
  const answer = await catalogs.fetch(`http://catalogs/?uri=${uri}`, {
    method,
    ...(body !== undefined && { body }),
  })
  if (!answer.ok) throw new Error(await answer.text())
  return answer.text()
}

catalogContract(
  'a REST catalog',
  async () => {
    const uri = await ask('POST')
    const openFileIO = memoryFiles()
    return {
      connect: () => openCatalog(uri, { openFileIO }),
      async scribble({ identifier }, name, value) {
        await ask('PUT', uri, stringifyJson([identifier, name, value]))
      },
      dispose: async () => void (await ask('DELETE', uri)),
    }
  },
  { scribbles: true },
)
