import { IngestError } from '../errors.ts'

/** The system's word for what went wrong (`ENOENT`), where the error has one. */
export const codeOf = (error: unknown): string | undefined => {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

/** For `catch`: lets these codes pass, throws all else. */
export const unless =
  (...codes: string[]) =>
  (error: unknown): undefined => {
    if (!codes.includes(codeOf(error) ?? '')) throw error
  }

/** Null where no object is: nothing, a folder, or a key below one that is an object. */
export const orNull = <T>(result: Promise<T>): Promise<T | null> =>
  result.catch(unless('ENOENT', 'ENOTDIR', 'EISDIR')).then((value) => value ?? null)

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'access is denied',
  EPERM: 'access is denied',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EIO: 'the disk does not read or write',
  ENOTDIR: 'a file stands where a folder should be',
  EEXIST: 'a folder stands where an object should be',
  EISDIR: 'a folder stands where an object should be',
}

/** Turns what the file system refuses into `unavailable`, without paths; the cause keeps them. */
export const saying = async <T>(act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    const reason = reasons[code] ?? 'the file system refused'
    throw new IngestError('unavailable', `storage is unavailable: ${reason}`, { cause: error })
  }
}
