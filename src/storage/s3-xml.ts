/** The little XML that S3 speaks: flat documents without attributes that mean anything. */

/** The text of the first element of a name, or undefined. */
export const textOf = (xml: string, name: string): string | undefined => {
  const content = elementsOf(xml, name).next().value
  return content === undefined ? undefined : decode(content)
}

/** What stands inside each element of a name, in order; undecoded, since it may hold elements. */
export function* elementsOf(xml: string, name: string): Generator<string, undefined> {
  for (const [, content = ''] of xml.matchAll(
    new RegExp(`<${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</${name}>)`, 'g'),
  )) {
    yield content
  }
}

/** A text as the content of an element. */
export const encode = (text: string): string =>
  text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

const decode = (text: string): string =>
  text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? whole
    return String.fromCodePoint(
      hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16),
    )
  })
