// One of many writers, as a process of its own: appends so many files to the table, and tells of each that was acknowledged.
import { createFileCatalog } from '../../src/iceberg/file/catalog.ts'
import { noLog } from '../../src/log.ts'
import { openFileStorage } from '../../src/storage/fs.ts'
import { createAppender } from '../iceberg/file/writers.ts'

const [folder = '', count = '0'] = process.argv.slice(2)

const storage = await openFileStorage(folder)
const append = createAppender(createFileCatalog({ storage, root: `file://${folder}`, log: noLog }))
console.log('ready')
// All begin together.
await new Promise((resolve) => process.stdin.once('data', resolve))
for (let i = 0; i < Number(count); i++) {
  const uuid = crypto.randomUUID()
  console.log(`sent ${uuid}`)
  const outcome = await append(uuid).catch(() => 'failed')
  console.log(`${outcome} ${uuid}`)
}
process.stdin.destroy()
