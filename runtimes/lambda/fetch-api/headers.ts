/** What a `Headers` is made of: another one, pairs, or a record. */
export type HeadersSource =
  | Iterable<readonly [name: string, value: string]>
  | Readonly<Record<string, string>>

/** RFC 9110, 5.6.2, "token": a header's name, a method. */
export const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** What may surround a value without being of it (Fetch Standard, "normalize"). */
const blanks = '\t\n\r '

/** Neither a byte that ends a header, nor a character that is no byte. */
const noValue = /[\0\n\r\u0100-\uffff]/

/**
 * `Headers` of the Fetch Standard: names in lower case, refused where they are no token, as values are that no header
 * can carry. Iterated in the order of names, each once, `set-cookie` excepted.
 */
export class Headers implements Iterable<[string, string]> {
  readonly #values = new Map<string, string[]>()

  /** @throws TypeError for a name or a value that is none */
  constructor(source: HeadersSource = {}) {
    const pairs = Symbol.iterator in source ? source : Object.entries(source)
    for (const [name, value] of pairs as Iterable<readonly [string, string]>) {
      this.append(name, value)
    }
  }

  /** @throws TypeError for a name or a value that is none */
  append(name: string, value: string): void {
    const [key, text] = [keyOf(name), carried(name, value)]
    const values = this.#values.get(key)
    if (values === undefined) this.#values.set(key, [text])
    else values.push(text)
  }

  /** @throws TypeError for a name or a value that is none */
  set(name: string, value: string): void {
    this.#values.set(keyOf(name), [carried(name, value)])
  }

  /** All values of a name, joined. */
  get(name: string): string | null {
    return this.#values.get(keyOf(name))?.join(', ') ?? null
  }

  getSetCookie(): string[] {
    return [...(this.#values.get('set-cookie') ?? [])]
  }

  has(name: string): boolean {
    return this.#values.has(keyOf(name))
  }

  delete(name: string): void {
    this.#values.delete(keyOf(name))
  }

  *entries(): IterableIterator<[string, string]> {
    for (const name of [...this.#values.keys()].sort()) {
      const values = this.#values.get(name) ?? []
      for (const value of name === 'set-cookie' ? values : [values.join(', ')]) yield [name, value]
    }
  }

  *keys(): IterableIterator<string> {
    for (const [name] of this.entries()) yield name
  }

  *values(): IterableIterator<string> {
    for (const [, value] of this.entries()) yield value
  }

  forEach(take: (value: string, name: string, headers: Headers) => void): void {
    for (const [name, value] of this.entries()) take(value, name, this)
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.entries()
  }
}

const keyOf = (name: string): string => {
  if (token.test(name)) return name.toLowerCase()
  throw new TypeError(`${JSON.stringify(name)} is no name of a header`)
}

const carried = (name: string, value: string): string => {
  const text = withoutBlanksAround(String(value))
  if (noValue.test(text)) throw new TypeError(`no header can carry such a value: ${name}`)
  return text
}

/** By its index: a regular expression would look for the end from each blank there is, before anybody says who they are. */
const withoutBlanksAround = (value: string): string => {
  let [start, end] = [0, value.length]
  while (start < end && blanks.includes(value.charAt(start))) start++
  while (start < end && blanks.includes(value.charAt(end - 1))) end--
  return value.slice(start, end)
}
