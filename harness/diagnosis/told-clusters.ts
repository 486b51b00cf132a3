import type { EnvoyCluster } from '#probes/envoy-clusters.ts'
import type { Finding } from './layer.ts'

/** The longest time, in milliseconds, in which no connection to another cluster can be expected. */
export const tooShort = 10

/**
 * What keeps requests from the servers of a service: the code, the cause where it says more, a line of evidence, and
 * what the text of an object holds that set it.
 */
export type Obstacle = Pick<Finding, 'code' | 'cause'> & { line: string; setBy: RegExp }

/**
 * What in a proxy’s cluster of endpoints keeps every request from the servers, whoever put it there: a rule, a
 * setting of the whole mesh or a patch. Undefined where nothing does. It is for services that have an address of their
 * own. A connection that gets `shortest` milliseconds or less does not come about.
 */
export const obstacleIn = (
  { discovery, connectTimeout, closedBy }: EnvoyCluster,
  { shortest = tooShort }: { shortest?: number } = {},
): Obstacle | undefined => {
  if (discovery !== 'EDS')
    return {
      code: 'MP-924',
      ...(discovery === 'ORIGINAL_DST'
        ? { cause: 'clients send requests to the address that they dialled, past the endpoints of other clusters' }
        : {}),
      line: `it finds servers by ${discovery}, where the mesh says EDS: what its control plane knows is not used`,
      setBy: /PASSTHROUGH|resolution/,
    }
  if (closedBy.length > 0)
    return {
      code: 'MP-998',
      cause: 'a limit of the client’s proxy lets no request through',
      line: `${closedBy.join(', ')} is 0`,
      setBy: /connectionPool/,
    }
  if (connectTimeout !== undefined && connectTimeout <= shortest)
    return {
      code: 'MP-998',
      cause: 'a proxy gives connections to servers less time than they take',
      line: `it gives a connection ${connectTimeout} ms`,
      setBy: /connectTimeout/,
    }
  return undefined
}
