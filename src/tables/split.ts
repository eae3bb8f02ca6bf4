/** The rows of each distinct key, in the order of the keys' first rows; `[null]` for a single key. */
export const split = (keys: Float64Array): (Int32Array | null)[] => {
  if (keys.every((key) => key === keys[0])) return [null]
  const groups = new Map<number, number>()
  const groupOf = new Int32Array(keys.length)
  const ends: number[] = []
  for (let row = 0, group = 0; row < keys.length; row++) {
    const key = keys[row] as number
    if (row === 0 || key !== keys[row - 1]) {
      group = groups.get(key) ?? groups.size
      groups.set(key, group)
    }
    groupOf[row] = group
    ends[group] = (ends[group] ?? 0) + 1
  }
  let end = 0
  for (let group = 0; group < ends.length; group++)
    end = ends[group] = end + (ends[group] as number)
  // From the back, so that each group's rows ascend and `ends` turn into starts.
  const rows = new Int32Array(keys.length)
  for (let row = keys.length - 1; row >= 0; row--) {
    const group = groupOf[row] as number
    ends[group] = (ends[group] as number) - 1
    rows[ends[group] as number] = row
  }
  return ends.map((start, group) => rows.subarray(start, ends[group + 1] ?? rows.length))
}
