// Protects senders from a sick disk: over HTTP each request that cannot be stored is a 503 that asks to
// come again, nothing half-written stays, and the server recovers by itself: what was refused is then
// stored once. The faults are real ones; the server is the program as a user starts it. Where no disk may
// be mounted, what needs one is skipped.
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, type TestContext } from 'vitest'
import { mountingForbidden } from '../storage/limited/mounting.ts'
import { filesBelow } from './program.ts'
import { type limits, type Scene, startScene } from './scene.ts'

/** Six files: two hours of three services. */
const spread = { records: 60, services: 3, hours: 2 }

describe('a server', () => {
  let folder: string
  let running: Scene[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'otlp2parquet-disk-'))
    running = []
  })
  afterEach(async () => {
    for (const { program } of running) await program.kill()
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (limit: keyof typeof limits): Promise<Scene> => {
    const scene = await startScene(limit, join(folder, 'data'))
    running.push(scene)
    return scene
  }
  const startOnDisk = (context: TestContext): Promise<Scene> => {
    if (mountingForbidden !== null) context.skip(mountingForbidden)
    return start('disk')
  }
  const unready = async ({ program }: Scene): Promise<number> =>
    (await fetch(`${program.url}/ready`)).status

  it('whose disk is full says so, and stores once there is room', async (context) => {
    const scene = await startOnDisk(context)
    expect((await scene.post(spread)).answer.status).toBe(200)
    const before = await filesBelow(scene.folder)
    scene.fillDisk()
    const refused = []
    for (const signal of ['logs', 'traces', 'metrics'] as const) {
      refused.push(await scene.post({ ...spread, signal }))
    }
    for (const { answer } of refused) {
      expect(answer).toMatchObject({ status: 503, retryAfter: '1' })
      expect(answer.body).toContain('storage is unavailable: the disk is full')
    }
    expect(await unready(scene)).toBe(503)
    const after = await filesBelow(scene.folder)
    expect(after).toEqual({ data: before.data, other: ['.filler'] })
    rmSync(`${scene.folder}/.filler`)
    for (const { sent } of refused) expect((await scene.post(sent)).answer.status).toBe(200)
    expect(await scene.judge()).toEqual([])
  })

  it('whose disk fills up in the middle of a request completes it later', async (context) => {
    const scene = await startOnDisk(context)
    await scene.post()
    scene.fillDisk(20_000)
    const { sent, answer } = await scene.post(spread)
    expect(answer.status).toBe(503)
    const { data, other } = await filesBelow(scene.folder)
    // One is from before; of these six there was room for two.
    expect(data.length).toBeLessThan(4)
    expect(other).toEqual(['.filler'])
    rmSync(`${scene.folder}/.filler`)
    expect((await scene.post(sent)).answer.status).toBe(200)
    expect(await scene.judge()).toEqual([])
  })

  it('whose disk becomes read-only for a while loses nothing', async (context) => {
    const scene = await startOnDisk(context)
    await scene.post()
    scene.remount('ro')
    const refused = [await scene.post(), await scene.post(spread)]
    for (const { answer } of refused) {
      expect(answer.status).toBe(503)
      expect(answer.body).toContain('storage is unavailable: the file system is read-only')
    }
    expect(await unready(scene)).toBe(503)
    scene.remount('rw')
    for (const { sent } of refused) expect((await scene.post(sent)).answer.status).toBe(200)
    expect(await scene.judge()).toEqual([])
  })

  it('that may write small files only refuses a large one whole', async () => {
    const scene = await start('fileSize')
    const { answer } = await scene.post({ records: 20_000 })
    expect(answer).toMatchObject({ status: 503, retryAfter: '1' })
    expect(await filesBelow(scene.folder)).toEqual({ data: [], other: [] })
    expect((await scene.post()).answer.status).toBe(200)
    expect(await scene.judge()).toEqual([])
  })

  it('with no file left to open answers 503 on the connections it has, and recovers', async () => {
    const scene = await start('files')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    expect((await scene.post({}, agent)).answer.status).toBe(200)
    const idle = await takeAllFiles(scene)
    const { sent, answer } = await scene.post(spread, agent)
    expect(answer.status).toBe(503)
    expect(answer.body).toContain('storage is unavailable: too many files are open')
    for (const socket of idle) socket.destroy()
    await expect.poll(() => scene.program.openFiles()).toBeLessThan(50)
    expect((await scene.post(sent, agent)).answer.status).toBe(200)
    agent.destroy()
    expect(await scene.judge()).toEqual([])
  })

  it('whose folder is removed makes it again', async () => {
    const scene = await start('none')
    for (const name of ['logs', '.tmp', '.']) {
      expect((await scene.post({ client: 1 })).answer.status).toBe(200)
      await rm(join(scene.folder, name), { recursive: true })
      expect((await scene.post({ client: 2 })).answer.status).toBe(200)
    }
    const lost = await scene.judge()
    // What was removed is gone, and nothing else is wrong.
    expect(lost.filter((violation) => !/^I1: logs 0\/[12]\/\d+ is lost/.test(violation))).toEqual(
      [],
    )
    expect((await filesBelow(scene.folder)).data).toHaveLength(1)
  })

  it('answers 200 requests at once with few files open, and is then as it was', async () => {
    const scene = await start('none')
    await scene.post()
    const before = scene.program.openFiles()
    let most = 0
    const sampling = setInterval(() => {
      most = Math.max(most, scene.program.openFiles())
    }, 2)
    const sent = await Promise.all(Array.from({ length: 200 }, () => scene.post()))
    clearInterval(sampling)
    const refused = sent.filter(({ answer }) => answer.status !== 200)
    expect(refused.length).toBeLessThan(200)
    // A socket for each, and 32 files at most.
    expect(most).toBeLessThanOrEqual(before + 200 + 32)
    await expect.poll(() => scene.program.openFiles()).toBeLessThanOrEqual(before)
    expect((await filesBelow(scene.folder)).other).toEqual([])
    // A busy machine may have reached the deadline.
    for (const { sent } of refused) expect((await scene.post(sent)).answer.status).toBe(200)
    expect(await scene.judge()).toEqual([])
  })
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Opens connections until the server has no file descriptor left for another. */
const takeAllFiles = async ({ program }: Scene): Promise<Socket[]> => {
  const { hostname, port } = new URL(program.url)
  const sockets: Socket[] = []
  let refused = 0
  while (refused < 3 && sockets.length < 200) {
    const socket = connect(Number(port), hostname).on('error', () => {})
    const closed = new Promise<true>((resolve) => socket.on('close', () => resolve(true)))
    if (await Promise.race([closed, pause(20).then(() => false)])) refused++
    sockets.push(socket)
  }
  return sockets
}
