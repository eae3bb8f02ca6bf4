// Protects what stands for Node's fetch API in the function's bundle: headers, requests and responses are what Node's own
// would be, and an exchange over HTTP ends as theirs does, also when it is given up, cut off or refused.
import { createServer, type RequestListener } from 'node:http'
import { text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import * as light from '../../runtimes/lambda/fetch-api.ts'
import { listen } from '../tools/listen.ts'

/** Both, so that the same case is seen to hold for the one that is stood for. */
const apis = [
  ['ours', light],
  ["Node's", globalThis],
] as unknown as readonly (readonly [string, typeof globalThis])[]

/** Connections are free once whoever read the answer has gone on. */
const freed = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) await setImmediate()
}

/** Against a server that answers so. */
const against = async <T>(
  answer: RequestListener,
  work: (url: string) => Promise<T>,
): Promise<T> => {
  const server = await listen(createServer(answer))
  try {
    return await work(server.url)
  } finally {
    await server.stop()
  }
}

const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: unknown) => error,
  )

/** What a call gives, or the kind of error that it throws. */
const outcomeOf = (call: () => unknown): unknown => {
  try {
    return call()
  } catch (error) {
    return (error as Error).constructor.name
  }
}

describe.each(apis)('headers: %s', (_, { Headers }) => {
  const all = (source: HeadersInit) => [...new Headers(source)]

  test('names are in lower case and in order, values are joined', () => {
    const headers = new Headers({ 'X-B': '2', 'x-a': '1' })
    headers.append('X-A', '3')
    headers.set('x-b', '4')
    expect([...headers]).toEqual([
      ['x-a', '1, 3'],
      ['x-b', '4'],
    ])
    expect([...headers.keys()]).toEqual(['x-a', 'x-b'])
    expect([...headers.values()]).toEqual(['1, 3', '4'])
    expect([headers.get('X-a'), headers.get('x-c'), headers.has('X-B')]).toEqual([
      '1, 3',
      null,
      true,
    ])
    headers.delete('x-A')
    const seen: unknown[] = []
    headers.forEach((value, name) => void seen.push([name, value]))
    expect(seen).toEqual([['x-b', '4']])
  })

  test('cookies are set one by one', () => {
    const pairs: [string, string][] = [
      ['set-cookie', 'a=1'],
      ['x', '1'],
      ['Set-Cookie', 'b=2'],
    ]
    const headers = new Headers(pairs)
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect([...headers]).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x', '1'],
    ])
  })

  test('are made of others', () => expect(all(new Headers({ A: 'b' }))).toEqual([['a', 'b']]))

  test.each([
    ['blanks around it', ' \t\r\n a b\t\n', [['x', 'a b']]],
    ['nothing', '', [['x', '']]],
    ['every byte but three', 'caf\u00e9\u0001\u00ff', [['x', 'caf\u00e9\u0001\u00ff']]],
    ['a line break within', 'a\nb', 'TypeError'],
    ['a return within', 'a\rb', 'TypeError'],
    ['a zero', 'a\0', 'TypeError'],
    ['what is no byte', 'a\u0100', 'TypeError'],
  ])('a value with %s', (_, value, expected) => {
    expect(outcomeOf(() => all({ x: value }))).toEqual(expected)
  })

  // Were the end looked for from each blank, this would take minutes; and it is before anybody says who they are.
  test('blanks within a value are of it, however many', { timeout: 10_000 }, () => {
    const value = `a${' '.repeat(400_000)}b`
    expect(new Headers({ x: ` ${value}\t` }).get('x') === value).toBe(true)
  })

  test.each(['', 'a b', 'a:', 'a\n', 'é', '(a)'])('%j is no name', (name) => {
    expect(outcomeOf(() => all({ [name]: '1' }))).toBe('TypeError')
    expect(outcomeOf(() => new Headers().get(name))).toBe('TypeError')
  })
})

describe.each(apis)('requests: %s', (_, { Request }) => {
  const made = (url: string, init?: RequestInit) =>
    outcomeOf(() => {
      const request = new Request(url, init)
      return [request.url, request.method]
    })

  test.each([
    ['https://lambda', undefined, ['https://lambda/', 'GET']],
    ['https://lambda/a b/../%2e/ü?x=ü#f', 'post', ['https://lambda/%C3%BC?x=%C3%BC#f', 'POST']],
    ['https://lambda//v1/logs', 'patch', ['https://lambda//v1/logs', 'patch']],
    ['https://lambda/\\v1', 'Put', ['https://lambda//v1', 'PUT']],
    ['/v1/logs', 'GET', 'TypeError'],
    ['https://a:b@lambda/', 'GET', 'TypeError'],
    ['https://lambda/', 'trace', 'TypeError'],
    ['https://lambda/', 'CONNECT', 'TypeError'],
    ['https://lambda/', 'TRACK', 'TypeError'],
    ['https://lambda/', 'GE T', 'TypeError'],
    ['https://lambda/', '', 'TypeError'],
  ])('%j %j', (url, method, expected) => {
    expect(made(url, method === undefined ? {} : { method })).toEqual(expected)
  })

  test('hold their headers', () => {
    const { headers, body } = new Request('https://lambda/', { headers: { 'X-A': '1' } })
    expect([headers.get('x-a'), body]).toEqual(['1', null])
  })
})

describe.each(apis)('responses: %s', (_, { Response, Headers }) => {
  test('hold what they are made of', async () => {
    const init = { status: 201, statusText: 'Made', headers: { 'X-A': '1' } }
    const { status, statusText, ok, headers } = new Response(null, init)
    expect([status, statusText, ok, [...headers]]).toEqual([201, 'Made', true, [['x-a', '1']]])
    expect([new Response().status, new Response(null, { status: 300 }).ok]).toEqual([200, false])
  })

  test.each([
    ['text', 'é'],
    ['bytes', new TextEncoder().encode('é')],
    ['a buffer', new TextEncoder().encode('é').buffer],
    ['pieces', new Blob(['é']).stream()],
  ])('of %s, read whole', async (_, body) => {
    expect(await new Response(body).text()).toBe('é')
    if (body instanceof ReadableStream) return
    expect(new Uint8Array(await new Response(body).arrayBuffer())).toEqual(Uint8Array.of(195, 169))
  })

  test('of JSON, and of nothing', async () => {
    expect(await new Response('{"a":1}').json()).toEqual({ a: 1 })
    const { body } = new Response(null)
    expect([body, await new Response(null).text()]).toEqual([null, ''])
  })

  test('text says that it is text, unless something is said', () => {
    const typeOf = (headers: HeadersInit) =>
      new Response('', { headers }).headers.get('content-type')
    expect(typeOf({})).toBe('text/plain;charset=UTF-8')
    expect(typeOf({ 'Content-Type': 'a/b' })).toBe('a/b')
    expect(new Response(new Uint8Array()).headers.has('content-type')).toBe(false)
  })

  test('are made of others, as Hono does for HEAD and for cross-origin requests', async () => {
    const first = new Response('body', { status: 404, headers: { a: 'b' } })
    const headless = new Response(null, first)
    expect([headless.status, headless.headers.get('a'), await headless.text()]).toEqual([
      404,
      'b',
      '',
    ])
    expect(await new Response(first.body, first).text()).toBe('body')
    expect(new Response(null, { headers: new Headers({ c: 'd' }) }).headers.get('c')).toBe('d')
  })

  test.each([
    [null, 199, 'RangeError'],
    [null, 600, 'RangeError'],
    ['', 204, 'TypeError'],
    ['a', 304, 'TypeError'],
  ])('%j with status %i is none', (body, status, expected) => {
    expect(outcomeOf(() => new Response(body, { status }))).toBe(expected)
  })
})

describe.each(apis)('an exchange: %s', (_, { fetch, Headers }) => {
  test.each([
    ['text', 'é', '2'],
    ['bytes', new TextEncoder().encode('é'), '2'],
    ['nothing', undefined, '0'],
  ])('sends %s with its length', (_, body, length) =>
    against(
      async (request, response) => {
        const { method, url, headers } = request
        const { host, 'content-length': length, 'x-a': a } = headers
        response.end(JSON.stringify({ method, url, host, length, a, body: await text(request) }))
      },
      async (url) => {
        const init = {
          method: 'PUT',
          headers: new Headers({ 'X-A': 'b\u00e9' }),
          ...(body && { body }),
        }
        const answer = await fetch(`${url}/a%20b?c=d%2Fe`, init)
        expect(await answer.json()).toEqual({
          method: 'PUT',
          url: '/a%20b?c=d%2Fe',
          host: new URL(url).host,
          length,
          a: 'b\u00e9',
          body: body === undefined ? '' : 'é',
        })
      },
    ),
  )

  test('tells status and headers, whatever the status', () =>
    against(
      (_, response) => {
        response.writeHead(
          503,
          'Busy',
          [
            ['X-A', '1'],
            ['x-a', '2'],
            ['ETag', '"é"'],
          ].flat(),
        )
        response.end('later')
      },
      async (url) => {
        const answer = await fetch(url)
        const { status, statusText, ok, headers } = answer
        expect([status, statusText, ok]).toEqual([503, 'Busy', false])
        expect([headers.get('x-a'), headers.get('etag')]).toEqual(['1, 2', '"é"'])
        expect(await answer.text()).toBe('later')
      },
    ))

  test('a redirect is an answer', () =>
    against(
      (_, response) => response.writeHead(307, { location: '/elsewhere' }).end(),
      async (url) => {
        const { status, headers } = await fetch(url, { method: 'POST', redirect: 'manual' })
        expect([status, headers.get('location')]).toEqual([307, '/elsewhere'])
      },
    ))

  test('an answer without a body is one, and its connection is used again', async () => {
    const ports = new Set<number | undefined>()
    await against(
      (request, response) => {
        ports.add(request.socket.remotePort)
        response.writeHead(request.method === 'HEAD' ? 200 : 204, { 'x-a': '1' }).end()
      },
      async (url) => {
        for (const method of ['DELETE', 'GET', 'HEAD']) {
          const answer = await fetch(url, { method })
          expect([answer.headers.get('x-a'), await answer.text()]).toEqual(['1', ''])
          await freed()
        }
      },
    )
    expect(ports.size).toBe(1)
  })

  test('the connection of a large answer is used again', async () => {
    const ports = new Set<number | undefined>()
    const large = Buffer.alloc(3_000_000, 'x')
    await against(
      (request, response) => {
        ports.add(request.socket.remotePort)
        response.end(large)
      },
      async (url) => {
        for (let i = 0; i < 3; i++) {
          expect(large.equals(new Uint8Array(await (await fetch(url)).arrayBuffer()))).toBe(true)
          await freed()
        }
      },
    )
    expect(ports.size).toBe(1)
  })

  test('what is packed on its way is unpacked', () =>
    against(
      ({ headers }, response) => {
        expect(headers['accept-encoding']).toContain('gzip')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}'))
      },
      async (url) => expect(await (await fetch(url)).json()).toEqual({ a: 1 }),
    ))

  test.each([
    ['whose length is told', { 'content-length': '0' }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('an empty body that is said to be packed is empty, %s', (_, framing) =>
    against(
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip', ...framing }).end(),
      async (url) => expect(await (await fetch(url)).text()).toBe(''),
    ),
  )

  test('who wants bytes as they are says so', () =>
    against(
      ({ headers }, response) => response.end(headers['accept-encoding']),
      async (url) => {
        const headers = { 'accept-encoding': 'identity' }
        expect(await (await fetch(url, { headers })).text()).toBe('identity')
      },
    ))

  test.each([
    ['before the head', (socket: { destroy(): void }) => socket.destroy(), 'head'],
    ['amid the body', () => {}, 'body'],
  ])('a connection that ends %s is an error', (_, begin, where) =>
    against(
      (_, response) => {
        const { socket } = response
        begin(socket ?? { destroy() {} })
        if (where === 'head') return
        response.writeHead(200, { 'content-length': 10 }).write('12345')
        setTimeout(() => socket?.destroy(), 50)
      },
      async (url) => {
        const error = await errorOf(
          where === 'head' ? fetch(url) : (await fetch(url)).arrayBuffer(),
        )
        expect(error).toBeInstanceOf(TypeError)
        expect((error as Error).cause).toBeInstanceOf(Error)
      },
    ),
  )

  test('nobody there is an error that says so', async () => {
    const server = await listen(createServer())
    await server.stop()
    const error = await errorOf(fetch(server.url))
    expect(error).toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } })
  })

  test('is given up with the reason of its signal, at any time', () =>
    against(
      (request, response) => {
        if (request.url === '/body') response.writeHead(200, { 'content-length': 9 }).write('1')
      },
      async (url) => {
        const reason = new Error('enough')
        const before = fetch(url, { signal: AbortSignal.abort(reason) })
        expect(await errorOf(before)).toBe(reason)
        const head = new AbortController()
        setTimeout(() => head.abort(reason), 30)
        expect(await errorOf(fetch(url, { signal: head.signal }))).toBe(reason)
        const body = new AbortController()
        const answer = await fetch(`${url}/body`, { signal: body.signal })
        setTimeout(() => body.abort(reason), 30)
        expect(await errorOf(answer.arrayBuffer())).toBe(reason)
      },
    ))

  test('a body that is read no further closes its connection', async () => {
    let closed: Promise<unknown> = Promise.resolve()
    await against(
      (_, response) => {
        closed = new Promise((resolve) => response.once('close', resolve))
        response.writeHead(200, { 'content-length': 1e9 }).write(Buffer.alloc(1e6))
      },
      async (url) => {
        const { body } = await fetch(url)
        for await (const piece of body ?? []) if (piece.length > 0) break
        await closed
      },
    )
  })

  test('is refused for an address that is none', async () => {
    expect(await errorOf(fetch('nowhere'))).toBeInstanceOf(TypeError)
  })
})

// Node's own takes the end of its input for the end of the file.
test('what was cut after it was packed is an error', () =>
  against(
    (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync('{"a":1}').subarray(0, -9))
    },
    async (url) => expect(await errorOf((await light.fetch(url)).text())).toBeInstanceOf(TypeError),
  ))
