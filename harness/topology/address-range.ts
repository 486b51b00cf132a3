import ipaddr from 'ipaddr.js'

const privateSpace = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']

/** True when two IPv4 ranges share an address. */
export const overlap = (one: string, other: string): boolean => {
  const [a, aBits] = ipaddr.IPv4.parseCIDR(one)
  const [b, bBits] = ipaddr.IPv4.parseCIDR(other)
  return a.match(b, Math.min(aBits, bBits))
}

/**
 * Why a text is no range for a cluster, or undefined where it is one: private IPv4, from its first address on, its
 * prefix between two lengths.
 */
export const rangeProblem = (text: string, largest: number, smallest: number): string | undefined => {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return `“${text}” is not an IPv4 range such as 10.10.0.0/16`
  const [, bits] = ipaddr.IPv4.parseCIDR(text)
  const written = `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${bits}`
  if (written !== text) return `${text} is not written as its first address and its size: ${written}`
  if (bits < largest || bits > smallest)
    return `${text} is too ${bits < largest ? 'large' : 'small'}: /${largest} to /${smallest} will do`
  return privateSpace.some((space) => holds(space, text))
    ? undefined
    : `${text} is not in private address space: ${privateSpace.join(', ')}`
}

const holds = (whole: string, range: string): boolean =>
  overlap(whole, range) && ipaddr.IPv4.parseCIDR(whole)[1] <= ipaddr.IPv4.parseCIDR(range)[1]
