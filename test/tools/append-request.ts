import type { AppendRequest } from '../../src/iceberg/begun-file.ts'

/** The request of that number, or of that name, which arrives now. */
export const requestBy = (
  deadline: number,
  id: number | string = 0,
  receivedAt = Date.now(),
): AppendRequest => ({ requestId: requestIdOf(id), receivedAt, deadline })

/** 32 digits. */
export const requestIdOf = (id: number | string): string => String(id).padStart(32, '0')
