/** How often a property is tried, and from which seed. */

const whole = (name: string): number | undefined => {
  const text = process.env[name]
  if (text === undefined || text === '') return undefined
  if (!/^-?\d+$/.test(text)) throw new Error(`${name} must be an integer`)
  return Number(text)
}

/**
 * Tries of a property: `usual` in a test run, or what the variable `PROPERTY_RUNS` says for one that
 * tries harder. `PROPERTY_SEED` repeats an earlier run; a property that fails names its seed.
 */
export const runs = (usual: number): { numRuns: number; seed?: number } => {
  const seed = whole('PROPERTY_SEED')
  return { numRuns: whole('PROPERTY_RUNS') ?? usual, ...(seed === undefined ? {} : { seed }) }
}

/** Milliseconds after which a test of so many tries is given up as hanging: far more than they need. */
export const patience = (tries: number): number => 60_000 + 100 * tries
