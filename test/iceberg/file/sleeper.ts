// A writer as a process of its own, which tells when it is about to put metadata and then waits: until somebody has stopped it
// there and lets it go on. Every stop, by whatever means, took two hours by its clock.
import { once } from 'node:events'
import { createFileCatalog } from '../../../src/iceberg/file/catalog.ts'
import { systemClock } from '../../../src/iceberg/retry.ts'
import { noLog } from '../../../src/log.ts'
import { openFileStorage } from '../../../src/storage/fs.ts'
import type { Storage } from '../../../src/storage/storage.ts'
import { createAppender } from './writers.ts'

const [folder = '', uuid = ''] = process.argv.slice(2)

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
const storage: Storage = {
  ...files,
  async put(key, bytes, options) {
    if (isFirst && /\/v\d+\.metadata\.json$/.test(key)) {
      isFirst = false
      const continued = once(process, 'SIGCONT')
      console.log(`putting ${key}`)
      await continued
    }
    return files.put(key, bytes, options)
  },
}
const catalog = createFileCatalog({ storage, root: `file://${folder}`, log: noLog, now })
// Without the time limits of calls, which would end most sleeps as well.
const clock = { ...systemClock, signal: () => new AbortController().signal }
const outcome = await createAppender(catalog, clock)(uuid).catch((error: unknown) => String(error))
console.log(`outcome ${outcome}`)
clearInterval(ticking)
