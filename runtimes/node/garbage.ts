import { setFlagsFromString } from 'node:v8'

/**
 * Keeps V8's young generation as small as it starts. What a request needs is nearly all buffers
 * outside the heap, freed only when the young generation is collected, and a large one fills
 * slowly: eight requests of 10,000 logs at once then hold 250 MB instead of 220, for 4 % less CPU.
 * V8 reads the flag at each collection, so it may be set while the program runs.
 */
export const collectOften = (): void => setFlagsFromString('--semi-space-growth-factor=1')
