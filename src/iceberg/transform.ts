/** Partition transforms (Iceberg table specification, "Partition Transforms"). */
import type { IcebergType } from './table-metadata.ts'

const hourUnits = ['hour', 'day', 'month', 'year'] as const

/** A transform of a time that is the same for all times of an hour. */
export type HourTransform = (typeof hourUnits)[number]

/** Whether it is one of those. */
export const isHourTransform = (transform: string): transform is HourTransform =>
  (hourUnits as readonly string[]).includes(transform)

/** Hours, days, months or years since 1970 of an hour since 1970. */
export const transformHour = (transform: HourTransform, hour: number): number => {
  if (transform === 'hour') return hour
  if (transform === 'day') return Math.floor(hour / 24)
  const date = new Date(hour * 3_600_000)
  const years = date.getUTCFullYear() - 1970
  return transform === 'year' ? years : 12 * years + date.getUTCMonth()
}

/** The type of a transform's results; null for a transform that this program does not know. */
export const transformResult = (transform: string, source: IcebergType): IcebergType | null => {
  if (transform === 'day') return 'date'
  if (isHourTransform(transform)) return 'int'
  return transform === 'identity' || transform === 'void' ? source : null
}
