import { createHash, createHmac, randomFillSync, randomUUID } from 'node:crypto'

/**
 * What of the Web Cryptography API the function uses, over `node:crypto`, which it has for its hashes anyway. In its bundle
 * this stands for the global of the same name, as what is in `fetch-api.ts` does: the first use of Node's own loads all of it
 * once more, and each of its digests and signatures, seven for a request that is signed, goes to another thread and back for
 * some microseconds of work.
 *
 * Not here: other algorithms than SHA-256 and HMAC with it, and keys that are more than bytes.
 */
export const crypto = {
  getRandomValues: <Values extends Uint8Array | BigUint64Array>(values: Values): Values =>
    randomFillSync(values),
  randomUUID,
  subtle: {
    /** @throws TypeError for another algorithm than SHA-256 */
    async digest(algorithm: Named, data: Bytes): Promise<ArrayBuffer> {
      demand(isNamed(algorithm, 'SHA-256'))
      return alone(createHash('sha256').update(viewOf(data)).digest())
    },
    /** The bytes of a key for HMAC. @throws TypeError for a key of another kind */
    async importKey(format: string, key: Bytes, algorithm: Hmac): Promise<Uint8Array> {
      demand(format === 'raw' && isNamed(algorithm, 'HMAC') && isNamed(algorithm.hash, 'SHA-256'))
      return viewOf(key).slice()
    },
    /** @throws TypeError for another algorithm than HMAC */
    async sign(algorithm: Named, key: Uint8Array, data: Bytes): Promise<ArrayBuffer> {
      demand(isNamed(algorithm, 'HMAC'))
      return alone(createHmac('sha256', key).update(viewOf(data)).digest())
    },
  },
}

type Bytes = ArrayBuffer | ArrayBufferView

/** An algorithm, by its name alone or with what else there is to say. */
type Named = string | { readonly name: string }

interface Hmac {
  readonly name: string
  readonly hash: Named
}

const isNamed = (algorithm: Named, name: string): boolean =>
  (typeof algorithm === 'string' ? algorithm : algorithm.name).toUpperCase() === name

const demand = (isKnown: boolean): void => {
  if (!isKnown) throw new TypeError('there is nothing but SHA-256 here, and HMAC with it')
}

const viewOf = (data: Bytes): Uint8Array =>
  ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)

/** The same bytes in a buffer of their own. */
const alone = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer
