/**
 * Answers without Node's own `Response`. That class and its kin come with undici, whose loading
 * takes as long as everything else of a start together; an answer that was made here and goes
 * straight to node:http needs nothing of it.
 */

/** What node:http needs to send an answer. */
export interface PlainParts {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string | null
}

/** Node's lazy `Response`: asked for only when something plain will not do. */
const lazy = Object.getOwnPropertyDescriptor(globalThis, 'Response')

const nativeResponse = (): typeof Response =>
  (lazy?.get === undefined ? lazy?.value : lazy.get.call(globalThis)) as typeof Response

/** A whole body and headers by name: no stream, no `Headers`. */
const isPlain = (body: unknown, headers: unknown): boolean =>
  (body === null || typeof body === 'string' || body instanceof Uint8Array) &&
  (headers === undefined || Object.getPrototypeOf(headers) === Object.prototype)

/**
 * A `Response` that holds only what it was given. Whatever else is asked of it, Node's own answers,
 * made of the same parts.
 */
export class PlainResponse {
  #parts: PlainParts | undefined
  #native: Response | undefined

  constructor(body: BodyInit | null = null, init: ResponseInit = {}) {
    const { status = 200, headers } = init
    // What a constructor returns stands for the new object.
    // biome-ignore lint/correctness/noConstructorReturn: a stream or `Headers` is for Node's own class
    if (!isPlain(body, headers)) return new (nativeResponse())(body, init) as never
    this.#parts = {
      status,
      headers: (headers ?? {}) as Record<string, string>,
      body: body as PlainParts['body'],
    }
  }

  /** The parts, unless somebody has asked for more: then the native answer is the true one. */
  static partsOf(response: Response | PlainResponse): PlainParts | undefined {
    return #parts in response && response.#native === undefined ? response.#parts : undefined
  }

  /** The same answer as Node's own class. */
  static nativeOf(response: Response | PlainResponse): Response {
    if (!(#parts in response)) return response
    const { body, status, headers } = response.#parts ?? { body: null, status: 200, headers: {} }
    response.#native ??= new (nativeResponse())(body as BodyInit | null, { status, headers })
    return response.#native
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    return Object.prototype.toString.call(value) === '[object Response]'
  }

  get [Symbol.toStringTag](): string {
    return 'Response'
  }

  get status(): number {
    return this.#parts?.status ?? 200
  }
}

const properties = ['body', 'bodyUsed', 'headers', 'ok', 'redirected', 'statusText', 'type', 'url']
const methods = ['arrayBuffer', 'blob', 'bytes', 'clone', 'formData', 'json', 'text']

for (const name of properties) {
  Object.defineProperty(PlainResponse.prototype, name, {
    get(this: PlainResponse) {
      return Reflect.get(PlainResponse.nativeOf(this), name)
    },
  })
}

for (const name of methods) {
  Object.defineProperty(PlainResponse.prototype, name, {
    value(this: PlainResponse, ...args: unknown[]) {
      const native = PlainResponse.nativeOf(this)
      return Reflect.apply(Reflect.get(native, name), native, args)
    },
  })
}

for (const name of ['error', 'json', 'redirect']) {
  Object.defineProperty(PlainResponse, name, {
    value: (...args: unknown[]) =>
      Reflect.apply(Reflect.get(nativeResponse(), name), nativeResponse(), args),
  })
}

/** From now on `new Response` makes plain ones. */
export const installPlainResponse = (): void => {
  Object.defineProperty(globalThis, 'Response', {
    value: PlainResponse,
    configurable: true,
    writable: true,
  })
}
