import { IngestError } from '../errors.ts'

/**
 * The work's outcome, or an `IngestError` of kind `deadline` when it takes longer than
 * `milliseconds`, with these words for the sender. The work goes on; how it ends then is told to `late` and never thrown.
 */
export const withDeadline = <T>(
  work: Promise<T>,
  milliseconds: number,
  words: string,
  late: (error?: unknown) => void,
): Promise<T> =>
  new Promise((resolve, reject) => {
    let passed = false
    const timer = setTimeout(() => {
      passed = true
      reject(new IngestError('deadline', words))
    }, milliseconds)
    const settle = (answer: () => void, error?: unknown): void => {
      clearTimeout(timer)
      if (passed) late(error)
      else answer()
    }
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error), error),
    )
  })
