/** What Vitest runs at once. */
import { availableParallelism } from 'node:os'

/** Files by their patterns. */
export interface Files {
  readonly together: readonly string[]
  /** What measures time, memory or open files, or wants the whole machine. */
  readonly alone: readonly string[]
  readonly exclude?: readonly string[]
}

/**
 * Two projects: files beside each other, and when all of these are done, those that run one after the other. Some of the
 * first wait for servers and timers, others compute: two at a time even where there are two cores only, one of which
 * Vitest would leave alone.
 */
export const togetherThenAlone = ({ together, alone, exclude = [] }: Files) => [
  {
    extends: true as const,
    test: {
      name: 'together',
      include: [...together],
      exclude: [...exclude, ...alone],
      maxWorkers: Math.max(2, availableParallelism() - 1),
      sequence: { groupOrder: 0 },
    },
  },
  {
    extends: true as const,
    test: {
      name: 'alone',
      include: [...alone],
      fileParallelism: false,
      sequence: { groupOrder: 1 },
    },
  },
]
