/** Receipts in a folder, be it of a program or of an S3 server whose objects are files. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'

/**
 * Waits until nothing is owed below a folder. Whoever commits at once leaves a receipt, too, where a commit could not be made in
 * time; a machine has to be very busy for that.
 */
export const untilPaid = (folder: string): Promise<void> =>
  vi.waitFor(
    async () => {
      const names = await readdir(join(folder, '_receipts/owed'), { recursive: true }).catch(
        () => [],
      )
      const owed = names.filter((name) => name.endsWith('.json'))
      if (owed.length > 0) throw new Error(`still owed: ${owed.join(', ')}`)
    },
    { timeout: 90_000, interval: 100 },
  )
