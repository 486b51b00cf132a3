import { MeshproofError } from '#errors.ts'
import { execIn, readyPod } from '#kube/pods.ts'
import { runIn } from '#kube/shell.ts'
import type { CurlPod } from './curl.ts'
import { dial, type Dialled, type Vantage } from './dial.ts'
import { fullSegment, hostPort, sized, timedOut, transfer, transfersIn } from './transfers.ts'

/** What many new connections from one place to one port showed. */
export type Connections = {
  /** `host:port`, as it was dialled. */
  to: string
  tries: number
  /** How many opened only after a packet was sent again, a second later or more. */
  late: number
  /** How many did not open at all. */
  failed: number
  /** How a failed connection ended, in the words of the program that dialled. */
  said: string
  /** The status of an answer in plaintext HTTP; 0 where there was none. */
  status: number
  /** Whether the port completes a TLS handshake that names no server; undefined where none was tried. */
  endsTls: boolean | undefined
  /** Whether a request that fills a packet got through; undefined where that is unknown. */
  large: 'passed' | 'lost' | undefined
}

/** How many connections are enough to see one in twenty lost, as a rule. */
const manyTries = 30

/** Seconds after which a connection counts as late: a lost first packet is sent again after one. */
const lateAfter = 0.9

/** How many connections to try, and whether to try a TLS handshake as well. */
export type Trying = { tries?: number | undefined; tls?: boolean }

/** curl’s arguments for so many connections, one request that fills a packet, and a TLS handshake where asked for. */
export const connectCommand = (
  host: string,
  port: number,
  { tls = false, tries = manyTries }: Trying = {},
): string[] => {
  const to = hostPort(host, port)
  return [
    'curl',
    '--parallel',
    '--parallel-immediate',
    '--parallel-max',
    String(tries + 2),
    ...transfer('small', `http://${to}/?[1-${tries}]`, 3),
    '--next',
    ...transfer('large', `http://${to}/?${sized(to, fullSegment(host))}`, 3),
    ...(tls ? ['--next', ...transfer('tls', `https://${to}/`, 3)] : []),
  ]
}

/**
 * Opens many connections to a port from a pod, in one exec: with curl where the proxy’s image has it, otherwise with
 * the proxy’s agent, which reports less.
 * @throws MeshproofError MP-403 when an exec cannot be carried out.
 */
export const connect = async (
  vantage: Vantage,
  host: string,
  port: number,
  trying: Trying = {},
): Promise<Connections> => {
  const { kube, namespace, pod } = vantage
  const { stdout } = await execIn(
    kube,
    { namespace, pod, container: 'istio-proxy' },
    connectCommand(host, port, trying),
  )
  return connectionsIn(hostPort(host, port), stdout) ?? connectWithoutCurl(vantage, host, port)
}

/**
 * Opens the same connections from a pod `app=sleep`, which has curl.
 * @throws MeshproofError MP-403 when curl cannot be run, MP-601 when it gave no account.
 */
export const countConnections = async (
  { cluster, kube, namespace }: CurlPod,
  host: string,
  port: number,
): Promise<Connections> => {
  const pod = (await readyPod(kube, namespace, 'app=sleep')).metadata?.name ?? ''
  const container = { namespace, pod, container: 'sleep' }
  const { stdout, stderr } = await runIn(kube, container, connectCommand(host, port))
  const counted = connectionsIn(hostPort(host, port), stdout)
  if (counted) return counted
  throw new MeshproofError('MP-601', {
    what: 'curl gave no account of its connections',
    where: `${cluster}, ${namespace}/${pod}`,
    why: stderr.trim().split('\n')[0] || 'no output',
    next: 'This says nothing about the mesh; run again.',
  })
}

/** The share of late and failed connections from which on it is a problem. */
const tolerated = 0.05

/** What curl’s account says; undefined where there is none, since nothing ran that could give one. */
export const connectionsIn = (to: string, output: string): Connections | undefined => {
  const transfers = transfersIn(output)
  const small = transfers.filter(({ kind }) => kind === 'small')
  if (small.length === 0) return undefined
  const opened = small.filter(({ connected }) => connected > 0)
  // Where small requests get no reaction either, it is not the size.
  const silent = opened.filter(({ exit }) => exit === timedOut).length
  const reacted = opened.length > 0 && silent <= opened.length * tolerated
  const large = transfers.find(({ kind }) => kind === 'large')
  const tls = transfers.find(({ kind }) => kind === 'tls')
  return {
    to,
    tries: small.length,
    late: opened.filter(({ connected }) => connected >= lateAfter).length,
    failed: small.length - opened.length,
    said: small.find(({ connected }) => connected === 0)?.said ?? '',
    status: Math.max(...small.map(({ status }) => status)),
    endsTls: tls && tls.connected > 0 ? tls.secured > 0 || tls.status > 0 : undefined,
    large: !reacted || !large || large.connected === 0 ? undefined : large.exit === timedOut ? 'lost' : 'passed',
  }
}

/**
 * How many connections were late or failed in several looks at the same port, and whether that is a problem: whether
 * they are 5 % or more, and every look has some. A burst on a busy machine is not in every look.
 */
export const lossIn = (looks: readonly Connections[]): { lost: number; tries: number; isProblem: boolean } => {
  const lostIn = ({ late, failed }: Connections): number => late + failed
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0)
  const [tries, lost] = [sum(looks.map((look) => look.tries)), sum(looks.map(lostIn))]
  return { lost, tries, isProblem: looks.every((look) => lostIn(look) > 0) && lost / tries >= tolerated }
}

/** How many rounds the agent dials: each makes up to twelve connections, and reports how the last one ended. */
const rounds = 4

const connectWithoutCurl = async (vantage: Vantage, host: string, port: number): Promise<Connections> => {
  const to = hostPort(host, port)
  const [large, ...small] = await Promise.all([
    dial(vantage, host, port, { query: sized(to, fullSegment(host)) }),
    ...Array.from({ length: rounds }, () => dial(vantage, host, port)),
  ])
  return connectionsOfAgent(to, small, large)
}

/** What rounds of the agent’s dialling say, and one whose request fills a packet. */
export const connectionsOfAgent = (to: string, small: readonly Dialled[], large: Dialled): Connections => {
  const opened = small.filter(({ open }) => open)
  return {
    to,
    tries: small.length,
    late: opened.filter(({ late }) => late).length,
    failed: small.length - opened.length,
    said: small.find(({ open }) => !open)?.said ?? '',
    status: Math.max(0, ...opened.map(({ said }) => statusIn(said))),
    endsTls: undefined,
    large: opened.length < small.length ? undefined : large.open ? 'passed' : 'lost',
  }
}

const statusIn = (said: string): number =>
  said === 'answered' ? 200 : Number(/status code (\d+)/.exec(said)?.[1] ?? 0)
