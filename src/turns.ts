/** Who waits for whom: work of one name one after the other, and of many items a few at a time. */

/**
 * Queues by name: what is returned runs `work` when all earlier work of the same name has ended, however it ended, and
 * gives its outcome. A queue is gone when it is empty.
 */
export const createQueues = () => {
  const last = new Map<string, Promise<unknown>>()
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(name)
    const mine = before === undefined ? work() : before.then(work, work)
    last.set(name, mine)
    try {
      return await mine
    } finally {
      if (last.get(name) === mine) last.delete(name)
    }
  }
}

/**
 * Runs `work` over all items, at most `limit` at a time, each to its end even when another fails: a file that is half on
 * its way must not be left behind an answer.
 * @throws what the first item to fail threw
 */
export const inTurns = async <T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  const failures: unknown[] = []
  const queue = items.values()
  const lane = async () => {
    for (const item of queue) {
      if (failures.length > 0) return
      await work(item).then(
        (result) => results.push(result),
        (error: unknown) => failures.push(error),
      )
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane))
  if (failures.length > 0) throw failures[0]
  return results
}
