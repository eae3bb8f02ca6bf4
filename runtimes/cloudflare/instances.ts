/**
 * Instances of a part of the program for one isolate, each for one request at a time. On Workers a promise belongs to the request
 * in which it was made: another one that waits for it may wait for ever when that request is gone. So requests share what is
 * known (a table's metadata, a catalog's configuration), one after the other, and never what is under way.
 */
export const createInstances = <T>(make: () => T) => {
  const idle: T[] = []
  return {
    /** An instance for one request: one that nobody uses, else a new one. */
    take: (): T => idle.pop() ?? make(),
    /** Nothing of its last request may be under way any more. One that is not given back is forgotten. */
    giveBack(instance: T): void {
      if (idle.length < maxIdle) idle.push(instance)
    },
  }
}

/** More requests at once than that are seldom in one isolate. */
const maxIdle = 8
