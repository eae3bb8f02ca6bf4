import { formerVariables } from './former.ts'
import { prefix } from './variable.ts'
import { variables } from './variables.ts'

const known: readonly string[] = Object.values(variables).map(({ name }) => name)

const former = new Map(formerVariables.map((variable) => [variable.name as string, variable]))

/**
 * What is wrong with a variable of the environment, or undefined where nothing is: it is ours, it is not meant for us,
 * or it asks for what happens anyway.
 */
export const problemOfName = (name: string, text: string): string | undefined => {
  if (!name.startsWith(prefix) || known.includes(name)) return undefined
  const old = former.get(name)
  if (old === undefined) return `is no variable of this program${suggestion(name)}`
  const fine = old.sameAs !== undefined || old.accepted?.includes(text.trim().toLowerCase())
  return fine ? undefined : `is a name of the Rust program: ${old.instead}`
}

const suggestion = (name: string): string => {
  const nearest = nearestName(name)
  return nearest === undefined ? '' : `: did you mean ${nearest}?`
}

/** The known name with the fewest edits from a name, or undefined when a third of its letters differ. */
const nearestName = (name: string): string | undefined => {
  const own = name.slice(prefix.length)
  const ranked = known
    .map((candidate) => ({ candidate, edits: edits(own, candidate.slice(prefix.length)) }))
    .sort((a, b) => a.edits - b.edits)[0]
  return ranked && ranked.edits <= own.length / 3 ? ranked.candidate : undefined
}

/** How far apart two names are; one that is a part of the other is close. */
const edits = (a: string, b: string): number =>
  a.length > 4 && (a.includes(b) || b.includes(a)) ? 1 : editDistance(a, b)

/** The Levenshtein distance: insertions, deletions and replacements that turn `a` into `b`. */
const editDistance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
