/** MB that the template gives a function. */
export const functionMb = 512

/** What Lambda starts Node with (`/var/runtime/bootstrap` of its images): a twentieth of the memory for what is new, nine tenths for what is old. */
export const lambdaOptions: readonly string[] = [
  '--expose-gc',
  '--max-http-header-size=81920',
  `--max-semi-space-size=${Math.floor(Math.floor(functionMb / 10) / 2)}`,
  `--max-old-space-size=${functionMb - Math.floor(functionMb / 10)}`,
]
