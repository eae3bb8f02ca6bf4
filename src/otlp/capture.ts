/** Attributes that become columns of their own: `service.name` and its kin. */
import type { AttributesColumn } from './columns.ts'
import { undoEscapes } from './json-escapes.ts'
import type { Text } from './text.ts'

const quote = 0x22

/**
 * Looks at the pair that was just written into a list of attributes as JSON text: key at `[key, value - 1)`,
 * a colon, value at `[value, pos)`. A captured key's value goes into its column for row `row`: a string as it is, any other
 * value as its JSON text, `null` not at all.
 */
export const capture = (
  attributes: AttributesColumn,
  row: number,
  key: number,
  value: number,
): void => {
  const { data, view, pos } = attributes.text
  for (const column of attributes.captures) {
    if (matches(data, key, value - 1, column.key)) {
      column.presence.flags[row] = copyValue(column.begin(row), data, view, value, pos) ? 1 : 0
    }
  }
}

const matches = (data: Uint8Array, s: number, e: number, key: Uint8Array): boolean => {
  if (e - s !== key.length) return false
  for (let i = 0; i < key.length; i++) if (data[s + i] !== key[i]) return false
  return true
}

/** Whether there was a value. */
const copyValue = (to: Text, data: Uint8Array, view: DataView, s: number, e: number): boolean => {
  if (data[s] === quote) {
    undoEscapes(to, data, view, s + 1, e - 1)
    return true
  }
  const isNull = e - s === 4 && data[s] === 0x6e
  if (!isNull) to.bytes(data, s, e)
  return !isNull
}
