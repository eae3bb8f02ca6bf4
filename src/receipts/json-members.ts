/** Members of JSON objects, as the types that they have to be. */
import type { Json } from '../iceberg/json.ts'

export type JsonObject = { readonly [key: string]: Json | undefined }

/** JSON as an object. @throws Error when it is none */
export const object = (json: Json | undefined): JsonObject => {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw wrong('an object')
  return json as JsonObject
}

/** A member that is a string. @throws Error when it is none */
export const text = (of: JsonObject, name: string): string => {
  const value = of[name]
  if (typeof value !== 'string') throw wrong('a string', name)
  return value
}

/** A member that is a whole number. @throws Error when it is none, or not one that a double holds exactly */
export const whole = (of: JsonObject, name: string): number => {
  const value = of[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrong('an integer', name)
  return value
}

/** A member that is an integer of any size. @throws Error when it is none */
export const long = (of: JsonObject, name: string): bigint => {
  const value = of[name]
  return typeof value === 'bigint' ? value : BigInt(whole(of, name))
}

/** A member that is an array. @throws Error when it is none */
export const array = (of: JsonObject, name: string): readonly Json[] => {
  const value = of[name]
  if (!Array.isArray(value)) throw wrong('an array', name)
  return value as readonly Json[]
}

/** What `read` makes of a member, or null where the member is null. */
export const nullable = <T>(
  of: JsonObject,
  name: string,
  read: (of: JsonObject, name: string) => T,
): T | null => (of[name] === null ? null : read(of, name))

const wrong = (type: string, name?: string): Error =>
  new Error(name === undefined ? `it is not ${type}` : `${name} is not ${type}`)
