import ipaddr from 'ipaddr.js'

const privateSpace = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']

/** True when two IPv4 ranges share an address. */
export const overlap = (first: string, second: string): boolean => {
  const [address, bits] = ipaddr.IPv4.parseCIDR(first)
  const [otherAddress, otherBits] = ipaddr.IPv4.parseCIDR(second)
  return address.match(otherAddress, Math.min(bits, otherBits))
}

/**
 * Why a text cannot be the address range of a cluster, or undefined where it can. A range is private IPv4, is written
 * with its first address, and has a prefix length from `largest` to `smallest`.
 */
export const rangeProblem = (text: string, largest: number, smallest: number): string | undefined => {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) return `“${text}” is not an IPv4 range such as 10.10.0.0/16`
  const [, bits] = ipaddr.IPv4.parseCIDR(text)
  const canonical = `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${bits}`
  if (canonical !== text) return `${text} is not written as its first address and its size: ${canonical}`
  if (bits < largest || bits > smallest)
    return `${text} is too ${bits < largest ? 'large' : 'small'}: /${largest} to /${smallest} will do`
  return privateSpace.some((space) => contains(space, text))
    ? undefined
    : `${text} is not in private address space: ${privateSpace.join(', ')}`
}

const contains = (whole: string, range: string): boolean =>
  overlap(whole, range) && ipaddr.IPv4.parseCIDR(whole)[1] <= ipaddr.IPv4.parseCIDR(range)[1]
