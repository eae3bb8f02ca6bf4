/** Tells V8 which functions a program calls when it starts. */
import { parseSync, Visitor } from 'rolldown/utils'

/**
 * Puts functions into parentheses: V8 takes that for a sign that they are called at once, and compiles them together with
 * the script, for which it has to read them anyway. Any other it only skims then, an arrow function nearly as thoroughly,
 * and reads once more when it is called. What the code does is the same.
 *
 * @param isCalled for the place where a function begins, as V8's coverage names it
 */
export const hinted = (code: string, isCalled: (start: number) => boolean): string => {
  const pieces = new Map<number, string>()
  const put = (at: number, piece: string) => pieces.set(at, (pieces.get(at) ?? '') + piece)
  const { program, errors } = parseSync('program.mjs', code)
  if (errors.length > 0) throw new Error(`cannot read the program: ${errors[0]?.message}`)
  new Visitor({
    // V8 has no such hint for async ones.
    'ArrowFunctionExpression:exit': ({ start, end, async }) => {
      if (async || !isCalled(start)) return
      put(start, '(')
      put(end, ')')
    },
    // A module that is run when it is first asked for is a method, named by its path, in what esbuild makes.
    'Property:exit': ({ start, method, key, value }) => {
      const isModule = method && key.type === 'Literal' && isPlain(value)
      if (!isModule || !isCalled(start)) return
      put(key.end, ':(function')
      put(value.end, ')')
    },
  }).visit(program)
  return inserted(code, pieces)
}

const isPlain = (value: object): boolean =>
  'async' in value && !value.async && 'generator' in value && !value.generator

/** The text with pieces at their places. */
const inserted = (code: string, pieces: ReadonlyMap<number, string>): string => {
  let text = ''
  let at = 0
  for (const [place, piece] of [...pieces].sort(([a], [b]) => a - b)) {
    text += code.slice(at, place) + piece
    at = place
  }
  return text + code.slice(at)
}
