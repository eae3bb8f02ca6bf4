// A writer as a process of its own, which tells when it is about to put metadata, or to move the hint, and then waits: until
// somebody has stopped it there and lets it go on. Every stop, by whatever means, took two hours by its clock.
import { once } from 'node:events'
import { hex } from '../../../src/bytes.ts'
import { createFileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { systemClock } from '../../../src/iceberg/retry.ts'
import { noLog } from '../../../src/log.ts'
import { openFileStorage } from '../../../src/storage/fs.ts'
import type { Storage, TaggedObjects } from '../../../src/storage/storage.ts'
import { createAppender } from './writers.ts'

const [folder = '', uuid = '', sleepsAt = 'version'] = process.argv.slice(2)

let last = Date.now()
let slept = 0
const now = (): number => {
  const time = Date.now()
  if (time - last > 700) slept += 2 * 3_600_000
  last = time
  return time + slept
}
const ticking = setInterval(now, 10)

const files = await openFileStorage(folder)
let isFirst = true
const sleep = async (key: string): Promise<void> => {
  isFirst = false
  const continued = once(process, 'SIGCONT')
  console.log(`putting ${key}`)
  await continued
}
/** Tags as S3's. Whoever looks and then writes replaces as it should while nobody else writes in between. */
const tagged: TaggedObjects = {
  async get(key) {
    const bytes = await files.get(key)
    return bytes && { bytes, tag: hex(bytes) }
  },
  async replace(key, tag, bytes) {
    if (isFirst && sleepsAt === 'hint') await sleep(key)
    if ((await tagged.get(key))?.tag !== tag) return 'changed'
    await files.put(key, bytes)
    return 'replaced'
  },
}
const storage: Storage = {
  ...files,
  ...(process.argv.includes('tagged') && { tagged }),
  async put(key, bytes, options) {
    const isVersion = /\/v\d+\.metadata\.json$/.test(key)
    if (isFirst && sleepsAt === 'version' && isVersion) await sleep(key)
    return files.put(key, bytes, options)
  },
}
const catalog = createFileCatalog({ storage, root: `file://${folder}`, log: noLog, now })
// Without the time limits of calls, which would end most sleeps as well.
const clock = { ...systemClock, signal: () => new AbortController().signal }
const outcome = await createAppender(catalog, clock)(uuid).catch((error: unknown) => String(error))
console.log(`outcome ${outcome}`)
clearInterval(ticking)
