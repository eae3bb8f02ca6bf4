// Loaded before the program (`node --import`): lets its clock be behind by CLOCK_BEHIND_MS, and what it does every few
// minutes come within a second. No setting of the program does either.
const behind = Number(process.env.CLOCK_BEHIND_MS ?? 0)
const now = Date.now
Date.now = () => now() - behind

const later = globalThis.setTimeout
globalThis.setTimeout = (act, ms, ...rest) => later(act, ms > 200_000 ? ms / 1000 : ms, ...rest)
