/** Commits that are left for later: files stand, and word is left for somebody who brings them into their table. */
import type { LoadedTable } from './catalog.ts'
import type { NewDataFile } from './new-data-file.ts'

/** The request that files are from. */
export interface RequestFacts {
  /** 32 hex digits; the same for every attempt to send the same body. */
  readonly requestId: string
  /** When it arrived, in milliseconds since 1970. */
  readonly receivedAt: number
}

/** Who decides what is left for later, and remembers it. What fails is an `IngestError` of kind `unavailable`. */
export interface Deferral {
  /**
   * Whether files are committed now, to the table as it is known. To be asked again of every younger look at it.
   * `isCommitting`: whether this process commits others to it already.
   */
  isDue(table: LoadedTable, isCommitting: boolean): boolean
  /**
   * Whether others may be about to commit for the same reason, so that whoever finds a commit due looks at the table as it is
   * before: of many who saw an old one together all but the first would ask for a commit in vain, and catalogs count those.
   */
  readonly isShared: boolean
  /**
   * Whether the commit that is due falls to who asks, and not to another writer of this process. To be asked once, before a
   * commit begins; without it there is no other.
   */
  claim?(table: LoadedTable): boolean
  /** Whether an earlier attempt of the request left word of a file. */
  isOwed(table: LoadedTable, requestId: string, uuid: string): Promise<boolean>
  /**
   * Leaves word of files that stand and were encoded for `table`. Once it resolves they are going to be committed, and
   * nothing more may be done for them here: it might happen when nobody remembers the files any more.
   */
  defer(table: LoadedTable, files: readonly NewDataFile[], request: RequestFacts): Promise<void>
}
