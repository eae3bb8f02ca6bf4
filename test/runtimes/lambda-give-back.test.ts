// Protects a warm function from what is left of the costly requests before: memory is given back when there is much of it, and no
// time is spent on it when there is not.
import { expect, test } from 'vitest'
import { createGiveBack, memoryOf } from '../../runtimes/lambda/give-back.ts'

/** A function of 512 bytes whose memory is what is said of it; each look at what was collected begins anew. */
const giver = () => {
  let used = 0
  let collected = 0
  const giveBack = createGiveBack({
    size: 512,
    used: () => used,
    collect() {
      collected++
      used = 150
    },
  })
  return (now: number): number => {
    used = now
    collected = 0
    giveBack()
    return collected
  }
}

test('nothing is done while less than half is used', () => {
  const after = giver()
  expect([after(100), after(255), after(256), after(255)]).toEqual([0, 0, 1, 0])
})

test('what cannot be given back is not looked for after each event', () => {
  let used = 300
  let collected = 0
  const giveBack = createGiveBack({ size: 512, used: () => used, collect: () => void collected++ })
  for (let i = 0; i < 10; i++) giveBack()
  expect(collected).toBe(1)
  used = 363
  giveBack()
  expect(collected).toBe(1)
  used = 364
  giveBack()
  expect(collected).toBe(2)
})

test('what was in use then, and is not now, does not keep it from looking again', () => {
  let used = 450
  let collected = 0
  const giveBack = createGiveBack({ size: 512, used: () => used, collect: () => void collected++ })
  for (const now of [450, 100, 300, 511]) {
    used = now
    giveBack()
  }
  expect(collected).toBe(3)
})

test.each([
  ['512', 512],
  ['128', 128],
  [undefined, 512],
  ['much', 512],
])('a function that is told %s has %i MB', (told, megabytes) => {
  expect(memoryOf({ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: told }).size).toBe(megabytes * 2 ** 20)
})

test('a process without --expose-gc goes on', () => {
  const memory = memoryOf({})
  expect(memory.used()).toBeGreaterThan(10 * 2 ** 20)
  memory.collect()
})
