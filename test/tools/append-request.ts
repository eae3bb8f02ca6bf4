import type { AppendRequest } from '../../src/iceberg/begun-file.ts'

/** The request of that number, which arrives now. */
export const requestBy = (
  deadline: number,
  number = 0,
  receivedAt = Date.now(),
): AppendRequest => ({ requestId: requestIdOf(number), receivedAt, deadline })

/** 32 digits. */
export const requestIdOf = (number: number): string => String(number).padStart(32, '0')
