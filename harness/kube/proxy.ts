import { BlockList, isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The proxy through which kubectl reaches a server where the kubeconfig names none: of HTTPS_PROXY, for an `http:`
 * server HTTP_PROXY, unless NO_PROXY leaves the server out (golang.org/x/net/http/httpproxy). A loopback address is
 * reached directly. Undefined where there is none.
 * @throws Error for a proxy that is no URL of http, https or socks5.
 */
export const proxyOfEnvironment = (
  server: string,
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined => {
  const url = new URL(server)
  const named = (name: string): string => environment[name] || environment[name.toLowerCase()] || ''
  const proxy = named(url.protocol === 'http:' ? 'HTTP_PROXY' : 'HTTPS_PROXY')
  if (proxy === '' || leftOut(url, named('NO_PROXY'))) return undefined
  return proxyUrl(proxy)
}

/** A proxy as a URL; kubectl reads one without a scheme as http. @throws Error where kubectl refuses it. */
export const proxyUrl = (proxy: string): string => {
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`
  if (!URL.canParse(url)) throw new Error(`invalid proxy URL ${withoutCredentials(proxy)}`)
  const scheme = new URL(url).protocol.replace(':', '')
  if (['http', 'https', 'socks5', 'socks5h'].includes(scheme)) return url
  throw new Error(`unsupported scheme "${scheme}" of proxy ${withoutCredentials(url)}, must be http, https, or socks5`)
}

/** A URL as it may be shown: without a user’s name and password. */
export const withoutCredentials = (url: string): string => url.replace(/^([a-z][a-z\d+.-]*:\/\/)?[^/@]*@/i, '$1')

const leftOut = ({ hostname, port, protocol }: URL, list: string): boolean => {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  if (host === 'localhost' || isLoopback(host)) return true
  const own = port || (protocol === 'http:' ? '80' : '443')
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter(Boolean)
    .some((entry) => entry === '*' || matches(entry, host, own))
}

const matches = (entry: string, host: string, port: string): boolean => {
  if (entry.includes('/')) return inRange(entry, host)
  const [, bracketed, plain, only] = /^(?:\[([^\]]+)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(entry) ?? []
  if (only !== undefined && only !== port) return false
  const name = bracketed ?? plain ?? entry
  if (isIP(name) !== 0) return isIP(host) !== 0 && ipaddr.parse(name).toString() === ipaddr.parse(host).toString()
  const domain = name.replace(/^\*(?=\.)/, '')
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

const isLoopback = (host: string): boolean => isIP(host) !== 0 && ipaddr.process(host).range() === 'loopback'

const inRange = (range: string, host: string): boolean => {
  const [address = '', prefix = ''] = range.split('/')
  const family = isIP(address)
  if (family === 0 || family !== isIP(host) || !/^\d+$/.test(prefix)) return false
  try {
    const list = new BlockList()
    list.addSubnet(address, Number(prefix), family === 4 ? 'ipv4' : 'ipv6')
    return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
  } catch {
    return false
  }
}
