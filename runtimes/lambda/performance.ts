/**
 * The clock of the global of the same name, for which it stands in the function's bundle: the first use of Node's own
 * loads histograms and timelines.
 */
export const performance = {
  /** Milliseconds since some time before, which grow steadily. */
  now(): number {
    const [seconds, nanoseconds] = process.hrtime()
    return 1000 * seconds + nanoseconds / 1e6
  },
}
