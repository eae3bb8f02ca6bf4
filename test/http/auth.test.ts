// Protects who may send: tokens change without a restart, each is compared with all, and no secret is ever told.
import { describe, expect, test } from 'vitest'
import { start } from './harness.ts'

test('tokens are asked for at every request: a rotation needs no restart', async () => {
  let tokens = ['old']
  const { send } = start({ auth: { kind: 'bearer', tokens: () => tokens } })
  const statuses = async () =>
    Promise.all(
      ['old', 'new'].map(
        async (token) => (await send(undefined, { Authorization: `Bearer ${token}` })).status,
      ),
    )
  expect(await statuses()).toEqual([200, 401])
  tokens = ['old', 'new']
  expect(await statuses()).toEqual([200, 200])
  tokens = ['new']
  expect(await statuses()).toEqual([401, 200])
  tokens = []
  expect(await statuses()).toEqual([401, 401])
})

test('an empty token in the list lets nobody in', async () => {
  const { send } = start({ auth: { kind: 'bearer', tokens: () => [''] } })
  for (const value of ['Bearer ', 'Bearer', '']) {
    expect((await send(undefined, { Authorization: value })).status).toBe(401)
  }
})

describe.each(['bearer', 'basic'] as const)('%s: neither answer nor log tells', (kind) => {
  const secret = 'user:hush-hush'
  const sent = kind === 'bearer' ? `Bearer ${secret}` : `Basic ${btoa(secret)}`

  test.each([
    ['what was sent, good', sent, 200],
    ['what was sent, wrong', `${sent}x`, 401],
  ])('%s', async (_, authorization, status) => {
    const { send, lines } = start({ auth: { kind, tokens: () => [secret] } })
    const answer = await send(undefined, { Authorization: authorization })
    const told = JSON.stringify([lines, [...answer.headers], await answer.text()])
    expect(answer.status).toBe(status)
    // Of one that is refused also why.
    expect(lines.length).toBe(status === 200 ? 1 : 2)
    expect(told).not.toMatch(/hush|dXNlc/)
  })
})
