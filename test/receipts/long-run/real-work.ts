// Work that takes real time amid a virtual clock: time stands still until it is done.
import { setImmediate } from 'node:timers/promises'

const underWay = new Set<Promise<unknown>>()

/** A function that takes real time, kept in mind until it is done. */
const counted =
  <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
  (...args: A): Promise<R> => {
    const result = work(...args).finally(() => underWay.delete(result))
    underWay.add(result)
    return result
  }

type Containers = typeof import('../../../src/iceberg/avro/container.ts')

/** Avro files as they are, whose compression is waited for: what `vi.mock` puts in the place of the module. */
export const countedContainers = (real: Containers): Containers => ({
  ...real,
  writeContainer: counted(real.writeContainer),
  readContainer: counted(real.readContainer),
})

/** Until all that can go on now has gone on: the virtual clock may go on then. */
export const settled = async (): Promise<void> => {
  for (;;) {
    await setImmediate()
    if (underWay.size === 0) return
    // Other threads compress: this one would only take their time.
    await Promise.race(underWay).catch(() => {})
  }
}
