/** Below which names the services of AWS are, in a partition of its regions. */
export interface AwsDomains {
  /** Over IPv4; behind a private link with `vpce.` before it. */
  readonly plain: string
  /** Over both versions of IP. */
  readonly dualStack: string
}

/** By what a region's name begins with: China and Europe have their own ("AWS General Reference", service endpoints). */
const others: readonly (readonly [start: string, AwsDomains])[] = [
  ['cn-', { plain: 'amazonaws.com.cn', dualStack: 'api.amazonwebservices.com.cn' }],
  ['eusc-', { plain: 'amazonaws.eu', dualStack: 'api.amazonwebservices.eu' }],
]

/** The domains of a region. */
export const awsDomains = (region: string): AwsDomains =>
  others.find(([start]) => region.startsWith(start))?.[1] ?? {
    plain: 'amazonaws.com',
    dualStack: 'api.aws',
  }
