// A process of ours, as the world treats it: it crashes, it is stopped for a while, its clock jumps.
import type { Clock } from '../../../src/iceberg/retry.ts'
import type { World } from './world.ts'

export interface Process {
  readonly name: string
  readonly clock: Clock
  readonly isAlive: () => boolean
  /** Resolves while it runs; never once it has crashed. */
  readonly running: () => Promise<void>
  readonly crash: () => void
  /** Nothing of it goes on for so long, though what it sent does. */
  readonly stop: (ms: number) => void
  readonly jump: (ms: number) => void
  /** Nothing of it goes on until it thaws, as in Lambda between two invocations. */
  readonly freeze: () => void
  readonly thaw: () => void
  readonly isFrozen: () => boolean
  /** Milliseconds for which it was stopped so far, and by which its clock jumped, forwards or back. */
  readonly disturbed: () => number
}

const never = new Promise<never>(() => {})

export const createProcess = (name: string, world: World): Process => {
  let alive = true
  let stoppedUntil = 0
  let offset = 0
  let disturbed = 0
  let frozen: { readonly promise: Promise<void>; readonly resolve: () => void } | null = null
  const running = async (): Promise<void> => {
    for (;;) {
      if (!alive) await never
      else if (frozen !== null) await frozen.promise
      else if (world.now() < stoppedUntil) await world.sleep(stoppedUntil - world.now())
      else return
    }
  }
  const now = () => Math.round(world.now() + offset)
  return {
    name,
    isAlive: () => alive,
    running,
    disturbed: () => disturbed,
    crash() {
      alive = false
    },
    stop(ms) {
      stoppedUntil = Math.max(stoppedUntil, world.now() + ms)
      disturbed += ms
    },
    isFrozen: () => frozen !== null,
    freeze() {
      frozen ??= Promise.withResolvers<void>()
      disturbed++
    },
    thaw() {
      frozen?.resolve()
      frozen = null
    },
    jump(ms) {
      offset += ms
      disturbed += Math.abs(ms)
    },
    clock: {
      now,
      async sleep(ms) {
        await world.sleep(ms)
        await running()
      },
      signal(deadline) {
        const controller = new AbortController()
        const abort = async () => {
          await running()
          controller.abort(new Error('out of time'))
        }
        if (deadline < Number.POSITIVE_INFINITY) world.at(world.now() + deadline - now(), abort)
        return controller.signal
      },
    },
  }
}
