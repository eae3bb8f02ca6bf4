/**
 * What a sweep learns of tables, kept beside the receipts: the next sweep may be another program's, or that of a function or
 * an isolate that is new each time, and one that ran out of memory or CPU time ended without a word. Notes only keep what fails
 * from holding up the others: whatever is wrong with them (lost, unreadable, out of reach) holds up nobody.
 */
import { wordsOf } from '../errors.ts'
import { type Clock, inTime } from '../iceberg/retry.ts'
import type { Log } from '../log.ts'
import type { Storage } from '../storage/storage.ts'
import { type JsonObject, object, text, whole } from './json-members.ts'

export interface Notes {
  /** The table with which the next sweep begins; with the one that has the oldest receipt where it owes nothing. */
  readonly firstTable: string
  /** The page that is being paid. Who finds one knows that the sweep before ended amid it, or that another is still at it. */
  readonly tried: Tried | null
  /** Of tables whose commits failed lately. */
  readonly tables: ReadonlyMap<string, Setback>
  /** Receipts that failed alone, by their keys, and until when they rest, in milliseconds since 1970. */
  readonly resting: ReadonlyMap<string, number>
}

/** As much of a page as there is to be learned from. */
export interface Tried {
  readonly table: string
  readonly receipts: number
  /** The key of the first. */
  readonly first: string
}

export interface Setback {
  /** Receipts in the first page of a sweep. */
  readonly first: number
  /** Whether pages failed in the last sweep. */
  readonly failed: boolean
}

/** Never throws, and takes two seconds at most. `deadline`: the sweep's, in milliseconds since 1970. */
export interface SweepNotes {
  /** What the last sweep left; null where that cannot be told. */
  read(deadline: number): Promise<Notes | null>
  write(notes: Notes, deadline: number): Promise<void>
}

const key = '_receipts/notes.json'

/** Milliseconds that reading or writing them may take. */
const mostMs = 2_000

const noNotes: Notes = { firstTable: '', tried: null, tables: new Map(), resting: new Map() }

/** The notes on the sweeps of a storage's receipts. Where there is nothing to tell, no object is left. */
export const createSweepNotes = (storage: Storage, clock: Clock, log: Log): SweepNotes => {
  /** What is stored; undefined where that is not known. */
  let stored: string | undefined
  // One call at a time: one that was given up may end late, and would undo what came after it.
  let last: Promise<unknown> = Promise.resolve()
  let isStuck = false
  const inTurn = async <T>(work: () => Promise<T>, deadline: number, otherwise: T): Promise<T> => {
    const call = last.then(work)
    const ended = call.catch(() => {})
    last = ended
    if (isStuck) return otherwise
    const giveUp = (): T => {
      isStuck = true
      void ended.then(() => {
        isStuck = false
      })
      return otherwise
    }
    try {
      const signal = clock.signal(Math.min(deadline, clock.now() + mostMs))
      return await inTime(call, signal, giveUp)
    } catch (error) {
      log('debug', 'swept without notes', { reason: wordsOf(error) })
      return otherwise
    }
  }
  const get = async (): Promise<Notes> => {
    const bytes = await storage.get(key)
    stored = bytes === null ? nothing : new TextDecoder().decode(bytes)
    return notesIn(stored)
  }
  const put = async (json: string): Promise<void> => {
    if (json === stored) return
    stored = undefined
    if (json === nothing) await storage.delete(key)
    else await storage.put(key, new TextEncoder().encode(json))
    stored = json
  }
  return {
    read: (deadline) => inTurn(get, deadline, null),
    write: (notes, deadline) => inTurn(() => put(textOf(notes)), deadline, undefined),
  }
}

const textOf = ({ firstTable, tried, tables, resting }: Notes): string =>
  JSON.stringify({
    firstTable,
    ...(tried !== null && { tried }),
    tables: Object.fromEntries(tables),
    resting: Object.fromEntries(resting),
  })

const nothing = textOf(noNotes)

/** What notes say. @throws Error when they cannot be read */
const notesIn = (json: string): Notes => {
  const notes = object(JSON.parse(json))
  return {
    firstTable: text(notes, 'firstTable'),
    tried: notes.tried === undefined ? null : triedOf(object(notes.tried)),
    tables: mapOf(notes, 'tables', setbackOf),
    resting: mapOf(notes, 'resting', whole),
  }
}

const triedOf = (json: JsonObject): Tried => ({
  table: text(json, 'table'),
  receipts: whole(json, 'receipts'),
  first: text(json, 'first'),
})

const setbackOf = (tables: JsonObject, name: string): Setback => {
  const setback = object(tables[name])
  return { first: Math.max(1, whole(setback, 'first')), failed: setback.failed === true }
}

const mapOf = <T>(
  notes: JsonObject,
  name: string,
  read: (of: JsonObject, name: string) => T,
): ReadonlyMap<string, T> => {
  const members = object(notes[name])
  return new Map(Object.keys(members).map((member) => [member, read(members, member)]))
}
