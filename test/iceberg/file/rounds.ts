// A storage in memory that counts how often its caller had to wait, and what it was asked.
import type { Hook, MemoryOptions } from '../../../src/storage/memory.ts'
import { createMemoryStorage } from '../../../src/storage/memory.ts'
import type { Storage } from '../../../src/storage/storage.ts'

export interface CountedStorage {
  readonly storage: Storage
  /** Of what was asked meanwhile: round trips one after the other, and calls. */
  count<T>(act: () => Promise<T>): Promise<{ result: T; rounds: number; calls: string[] }>
}

/** Calls that are made together are one round trip. */
export const createCountedStorage = (options: MemoryOptions = {}): CountedStorage => {
  let rounds = 0
  let calls: string[] = []
  let round: Promise<void> | null = null
  const before: Hook = async (operation, key) => {
    await options.before?.(operation, key)
    calls.push(`${operation} ${key}`)
    round ??= new Promise((resolve) =>
      setTimeout(() => {
        rounds++
        round = null
        resolve()
      }, 1),
    )
    await round
  }
  return {
    storage: createMemoryStorage({ ...options, before }),
    async count(act) {
      rounds = 0
      calls = []
      const result = await act()
      return { result, rounds, calls }
    },
  }
}
