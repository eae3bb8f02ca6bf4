// Protects the work of many programs: one of them sweeps, and whatever happens to its lease holds up the others for a sweep's time.
import { beforeEach, describe, expect, it } from 'vitest'
import { noLog } from '../../src/log.ts'
import { createLease, type Lease } from '../../src/receipts/lease.ts'
import type { Storage } from '../../src/storage/storage.ts'
import { createReceiptLab, type ReceiptLab } from './receipt-lab.ts'

const key = '_receipts/sweep.json'
const minute = 60_000

let lab: ReceiptLab
beforeEach(async () => {
  lab = await createReceiptLab()
})

const clock = () => ({
  now: lab.world.now,
  sleep: lab.world.sleep,
  signal: () => new AbortController().signal,
})
const leaseOf = (storage: Storage = lab.storage): Lease => createLease(storage, clock(), noLog)
const soon = () => lab.world.now() + minute

describe('a lease', () => {
  it('is held by one at a time, and can be taken when it was given back', async () => {
    const [mine, other] = [leaseOf(), leaseOf()]
    const held = await mine.take(soon())
    expect(held).not.toBeNull()
    expect([await other.take(soon()), await mine.take(soon())]).toEqual([null, null])
    await held?.release()
    expect(await other.take(soon())).not.toBeNull()
  })

  it('is held by one of many who take it at once', async () => {
    const taken = await Promise.all(Array.from({ length: 20 }, () => leaseOf().take(soon())))
    expect(taken.filter((held) => held !== null).length).toBe(1)
  })

  it('of a program that was killed ends by itself', async () => {
    await leaseOf().take(soon())
    lab.world.at(lab.world.now() + minute - 1, () => {})
    await lab.world.run(Number.POSITIVE_INFINITY)
    expect(await leaseOf().take(soon())).toBeNull()
    lab.world.at(lab.world.now() + 1, () => {})
    await lab.world.run(Number.POSITIVE_INFINITY)
    expect(await leaseOf().take(soon())).not.toBeNull()
  })

  it('of somebody else is left to him, by one whose own is over', async () => {
    const late = await leaseOf().take(lab.world.now())
    const other = await leaseOf().take(soon())
    expect(other).not.toBeNull()
    await late?.release()
    expect(await lab.storage.get(key)).not.toBeNull()
    await other?.release()
    expect(await lab.storage.get(key)).toBeNull()
  })

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['no time', '{"holder":"a"}'],
    ['a time in words', '{"until":"tomorrow"}'],
    ['a time that no sweep takes', '{"until":9e15}'],
  ])('holds up nobody where it is %s', async (_, text) => {
    await lab.storage.put(key, new TextEncoder().encode(text))
    expect(await leaseOf().take(soon())).not.toBeNull()
  })

  it('holds up nobody where its storage fails', async () => {
    const refuse = () => Promise.reject(new Error('refused'))
    const held = await leaseOf({ ...lab.storage, put: refuse }).take(soon())
    await held?.release()
    expect(held).not.toBeNull()
    const failing = await leaseOf({ ...lab.storage, delete: refuse }).take(soon())
    await expect(failing?.release()).resolves.toBeUndefined()
  })
})

/** Lets time go by. */
const wait = async (ms: number): Promise<void> => {
  lab.world.at(lab.world.now() + ms, () => {})
  await lab.world.run(Number.POSITIVE_INFINITY)
}

describe('a lease on work that takes long', () => {
  const late = () => lab.world.now() + 15 * minute

  it('is over after two minutes when its program was killed', async () => {
    await leaseOf().take(late())
    await wait(2 * minute - 1)
    expect(await leaseOf().take(late())).toBeNull()
    await wait(1)
    expect(await leaseOf().take(late())).not.toBeNull()
  })

  it('stands while it is renewed, and is written once a minute at most', async () => {
    let puts = 0
    const counting: Storage = {
      ...lab.storage,
      put(key, bytes, options) {
        puts++
        return lab.storage.put(key, bytes, options)
      },
    }
    const held = await leaseOf(counting).take(late())
    for (let i = 0; i < 20; i++) {
      await wait(minute / 2)
      expect(await held?.renew()).toBe(true)
      expect(await leaseOf().take(soon())).toBeNull()
    }
    expect(puts).toBe(11)
  })

  it('is not renewed beyond the work, nor where another has taken it', async () => {
    const work = lab.world.now() + 3 * minute
    const held = await leaseOf().take(work)
    await wait(1.5 * minute)
    expect(await held?.renew()).toBe(true)
    await wait(1.5 * minute)
    const other = await leaseOf().take(soon())
    expect(other).not.toBeNull()
    const lost = await leaseOf().take(late())
    expect(lost).toBeNull()
    await other?.release()
    const first = await leaseOf().take(late())
    await wait(2 * minute)
    expect(await leaseOf().take(late())).not.toBeNull()
    expect(await first?.renew()).toBe(false)
  })
})

describe('a sweep in turn', () => {
  it('ends when another has taken its lease', async () => {
    for (const n of [1, 2]) await lab.owe(n, { ageMs: 24 * 60 * minute })
    // To copy the first takes longer than a lease stands by itself.
    const sweep = lab.sweep(
      { before: (call) => (call === 'put' ? lab.world.sleep(3 * minute) : undefined) },
      { maxReceipts: 1 },
    )
    lab.world.at(lab.world.now() + 2.5 * minute, () => void leaseOf().take(soon() + 5 * minute))
    const [result] = await lab.timed(() => sweep(lab.world.now() + 15 * minute, leaseOf()))
    expect(result.complete).toBe(false)
    expect((await lab.owed()).length).toBeGreaterThan(0)
    expect(await lab.storage.get(key)).not.toBeNull()
  })

  it('is left to the one that is at work', async () => {
    await lab.owe(1)
    const held = await leaseOf().take(soon())
    const sweep = lab.sweep()
    const left = { paid: 0, quarantined: 0, owed: 0, complete: false }
    expect(await swept(sweep, leaseOf())).toMatchObject(left)
    expect((await lab.owed()).length).toBe(1)
    await held?.release()
    expect(await swept(sweep, leaseOf())).toMatchObject({ paid: 1, complete: true })
    expect(await lab.storage.get(key)).toBeNull()
  })

  it('takes place by hand whoever is at work', async () => {
    await lab.owe(1)
    await leaseOf().take(soon())
    expect(await lab.swept()).toMatchObject({ paid: 1, complete: true })
  })

  it('takes no lease where nothing is owed', async () => {
    const puts: string[] = []
    const watched: Storage = {
      ...lab.storage,
      put(key, bytes, options) {
        puts.push(key)
        return lab.storage.put(key, bytes, options)
      },
    }
    await swept(lab.sweep(), leaseOf(watched))
    expect(puts).toEqual([])
    await lab.owe(1)
    await swept(lab.sweep(), leaseOf(watched))
    expect(puts).toEqual([key])
  })
})

const swept = async (sweep: ReturnType<ReceiptLab['sweep']>, lease: Lease): Promise<unknown> => {
  const [result] = await lab.timed(() => sweep(soon(), lease))
  return result
}
