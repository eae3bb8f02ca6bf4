// Work that takes real time amid a virtual clock: time stands still until it is done.
import { setImmediate } from 'node:timers/promises'

let underWay = 0

/** A function that takes real time, counted. */
const counted =
  <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
  (...args: A): Promise<R> => {
    underWay++
    return work(...args).finally(() => underWay--)
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
  do await setImmediate()
  while (underWay > 0)
}
