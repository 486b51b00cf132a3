import { randomUUID } from 'node:crypto'
import { MeshproofError } from '../errors.ts'
import type { KubeClient } from '../kube/client.ts'
import { execIn, readyPod, type ExecResult } from '../kube/pods.ts'
import { legacyNamespace } from '../mesh/workloads.ts'

/** What was on the wire, as a pcap file, while something happened; and what that gave. */
export type Capture<T> = { result: T; pcap: Buffer }

/**
 * Where to listen and for how much at most. The default interface is a node's only link to other nodes, behind any address
 * translation: what passes there is what the other cluster gets, and each packet passes once.
 */
export type CaptureOptions = { on?: string; seconds?: number; packets?: number }

/** Runs a command where tcpdump is. */
export type Run = (command: string[], within: number) => Promise<ExecResult>

/**
 * Captures packets on a cluster's node while `during` runs, from its pod `app=capture`.
 * @throws MeshproofError MP-403 when an exec fails, MP-405 when the pod is not ready, MP-601 when the capture is not whole.
 */
export const capture = async <T>(kube: KubeClient, filter: string, during: () => Promise<T>, options: CaptureOptions = {}): Promise<Capture<T>> => {
  const pod = (await readyPod(kube, legacyNamespace, 'app=capture')).metadata?.name ?? ''
  const run: Run = (command, within) => execIn(kube, { namespace: legacyNamespace, pod, container: 'capture' }, command, { within })
  return captureThrough(run, `${legacyNamespace}/${pod}`, filter, during, options)
}

// Stays for as long as tcpdump runs, so that nothing outlives it, and takes its folder with it. Immediate mode: a packet that
// still lay in the kernel's buffer would be missing from the file when tcpdump is told to stop. That mode has a slot of the
// largest size for every packet, so the buffer (in KiB) is larger than the default, which is full after eight.
const record = `
folder=$1; shift
mkdir -m 700 "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
timeout "$1" tcpdump -Z root -i "$2" -p -n -s 0 -U --immediate-mode -B 32768 -c "$3" -w "$folder/pcap" "$4" 2> "$folder/said" &
echo $! > "$folder/pid"
wait $!
code=$?
cat "$folder/said" >&2
[ ! -e "$folder/pcap" ] || base64 -w 0 "$folder/pcap"
exit $code`

const gone = 3

// The folder that has come and gone tells that tcpdump ended.
const listens = `
tries=0
until [ -s "$1/pid" ] && case "$(cat "$1/said" 2> /dev/null)" in *'listening on'*) true ;; *) false ;; esac; do
  if [ -d "$1" ]; then seen=yes; elif [ -n "\${seen:-}" ]; then exit ${gone}; fi
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || exit 1
  sleep 0.05
done`

// TERM, which tcpdump ends as cleanly on as on INT: a shell starts what it puts in the background with INT ignored.
const stop = 'kill -TERM "$(cat "$1/pid")"'

/** The same through any way to run a command; `where` is for its errors. */
export const captureThrough = async <T>(
  run: Run, where: string, filter: string, during: () => Promise<T>, { on = 'eth0', seconds = 60, packets = 5000 }: CaptureOptions = {},
): Promise<Capture<T>> => {
  const none = (why: string): MeshproofError => new MeshproofError('MP-601', {
    what: 'tcpdump gave no capture', where: `${where}, ${on}, ${filter}`, why, next: 'This says nothing about the mesh; run again.',
  })
  const folder = `/tmp/capture-${randomUUID()}`
  const shell = (script: string, within: number, ...rest: string[]): Promise<ExecResult> => run(['sh', '-c', script, 'sh', folder, ...rest], within)
  const recording = shell(record, (seconds + 30) * 1000, String(seconds), on, String(packets), filter)
  /** Why tcpdump ended before it was told to. */
  const limit = ({ stderr, exitCode }: ExecResult): MeshproofError => {
    if (exitCode === 124) return none(`${seconds} s were not enough for what it was to watch`)
    return none(exitCode === 0 ? `${packets} packets were not enough for what it was to watch` : complaint(stderr))
  }
  const endsTooEarly = recording.then((recorded) => { throw limit(recorded) })
  let result: T
  try {
    const { exitCode } = await Promise.race([shell(listens, 30_000), endsTooEarly])
    if (exitCode === gone) await endsTooEarly
    if (exitCode !== 0) throw none('it did not listen within 10 s')
    result = await during()
  } catch (error) {
    const stopped = await shell(stop, 15_000).then(({ exitCode }) => exitCode === 0, () => false)
    if (stopped) await recording.catch(() => undefined)
    throw error
  }
  const inTime = (await shell(stop, 15_000)).exitCode === 0
  const recorded = await recording
  if (!inTime || recorded.exitCode !== 0) throw limit(recorded)
  if (recorded.stdout === '') throw none(complaint(recorded.stderr))
  const dropped = Number(/(\d+) packets? dropped by kernel/.exec(recorded.stderr)?.[1] ?? 0)
  if (dropped > 0) throw none(`the kernel dropped ${dropped} packets`)
  return { result, pcap: Buffer.from(recorded.stdout, 'base64') }
}

/** tcpdump's own complaint, else the last that was said, by the shell for one. */
const complaint = (stderr: string): string => {
  const lines = stderr.trim().split('\n')
  return lines.findLast((line) => line.startsWith('tcpdump: ') && !line.includes('listening on')) ?? (lines.at(-1) || 'no output')
}

/** One direction of a TCP connection. */
export type Flow = {
  /** `address:port`. */
  from: string
  to: string
  /** The payload in the order of its sequence numbers, every byte once. */
  bytes: Buffer
  /** True when its beginning was seen, so that `bytes` starts where the connection did. */
  opened: boolean
  /** Bytes that are missing in between, as far as later ones tell. */
  lost: number
}

type Segment = { offset: number; payload: Buffer }
type Direction = { from: string; to: string; base: number; opened: boolean; segments: Segment[] }

/**
 * Puts the TCP flows of a pcap file together, in the order they appear. A packet that was seen twice, on several interfaces or
 * because it was sent again, counts once; what is not TCP over IPv4 is left out.
 * @throws MeshproofError MP-601 when the file is cut off or not of a kind that tcpdump writes on Linux.
 */
export const flowsOf = (pcap: Buffer): Flow[] => {
  const directions: Direction[] = []
  const current = new Map<string, Direction>()
  for (const { from, to, sequence, opens, payload } of packetsOf(pcap)) {
    const key = `${from} ${to}`
    const first = (sequence + (opens ? 1 : 0)) >>> 0
    let direction = current.get(key)
    // A port may serve again: another start is another connection.
    if (!direction || (opens && !(direction.opened && direction.base === first))) {
      direction = { from, to, base: first, opened: opens, segments: [] }
      current.set(key, direction)
      directions.push(direction)
    }
    // The difference of two 32-bit numbers, also where the count has wrapped around between them.
    if (payload.length > 0) direction.segments.push({ offset: (first - direction.base) | 0, payload })
  }
  return directions.map(({ from, to, opened, segments }) => ({ from, to, opened, ...joined(segments, opened) }))
}

const joined = (segments: Segment[], opened: boolean): { bytes: Buffer; lost: number } => {
  const sorted = segments.toSorted((a, b) => a.offset - b.offset)
  const pieces: Buffer[] = []
  let lost = 0
  let end = opened ? 0 : sorted[0]?.offset ?? 0
  for (const { offset, payload } of sorted) {
    if (offset + payload.length <= end) continue
    lost += Math.max(0, offset - end)
    pieces.push(payload.subarray(Math.max(0, end - offset)))
    end = offset + payload.length
  }
  return { bytes: Buffer.concat(pieces), lost }
}

type Packet = { from: string; to: string; sequence: number; opens: boolean; payload: Buffer }

/** How long a link's header is and where it names the protocol, by the link type in the file: Ethernet and Linux' two cooked ones. */
const links: Record<number, { length: number; protocol: number }> = {
  1: { length: 14, protocol: 12 },
  113: { length: 16, protocol: 14 },
  276: { length: 20, protocol: 0 },
}

/** Magic numbers as a little-endian reader sees them: microseconds and nanoseconds, each written either way around. */
const littleEndian = [0xa1b2c3d4, 0xa1b23c4d]
const bigEndian = [0xd4c3b2a1, 0x4d3cb2a1]

const unreadable = (why: string): MeshproofError => new MeshproofError('MP-601', {
  what: 'The capture cannot be read', why, next: 'This says nothing about the mesh; run again.',
})

const packetsOf = function* (pcap: Buffer): Generator<Packet> {
  if (pcap.length < 24) throw unreadable('it was cut off')
  const magic = pcap.readUInt32LE(0)
  if (!littleEndian.includes(magic) && !bigEndian.includes(magic)) throw unreadable('it is no pcap file')
  const number = (at: number): number => (littleEndian.includes(magic) ? pcap.readUInt32LE(at) : pcap.readUInt32BE(at))
  const type = number(20) & 0xffff
  const link = links[type]
  if (!link) throw unreadable(`its link type is ${type}`)
  let at = 24
  while (at < pcap.length) {
    if (at + 16 > pcap.length || at + 16 + number(at + 8) > pcap.length) throw unreadable('it was cut off')
    const frame = pcap.subarray(at + 16, at + 16 + number(at + 8))
    at += 16 + frame.length
    if (frame.length < link.length || frame.readUInt16BE(link.protocol) !== 0x0800) continue
    const packet = tcpOf(frame.subarray(link.length))
    if (packet) yield packet
  }
}

const tcpOf = (ip: Buffer): Packet | undefined => {
  if (ip.length < 20 || ip[9] !== 6 || (ip.readUInt16BE(6) & 0x1fff) !== 0) return undefined
  const header = (ip.readUInt8(0) & 0xf) * 4
  // Short frames are padded, so the length is IP's; a packet that the network card is yet to cut up may give none.
  const tcp = ip.subarray(header, ip.readUInt16BE(2) || ip.length)
  if (tcp.length < 20) return undefined
  const address = (start: number): string => ip.subarray(start, start + 4).join('.')
  return {
    from: `${address(12)}:${tcp.readUInt16BE(0)}`,
    to: `${address(16)}:${tcp.readUInt16BE(2)}`,
    sequence: tcp.readUInt32BE(4),
    opens: (tcp.readUInt8(13) & 2) !== 0,
    payload: tcp.subarray((tcp.readUInt8(12) >> 4) * 4),
  }
}

/** What passed by on a wire, in flows that carried anything: how many were TLS, and how many held the greeting for all to read. */
export type Wire = { flows: number; bytes: number; tls: number; clear: number; lost: number }

/** Looks at flows from outside: does each start with a TLS record, and does a text that only its ends may read show up in it? */
export const wireOf = (flows: Flow[], greeting: string): Wire => {
  const full = flows.filter(({ bytes }) => bytes.length > 0)
  return {
    flows: full.length,
    bytes: full.reduce((sum, { bytes }) => sum + bytes.length, 0),
    tls: full.filter(startsWithTls).length,
    clear: full.filter(({ bytes }) => bytes.includes(greeting)).length,
    lost: full.reduce((sum, { lost }) => sum + lost, 0),
  }
}

/** A handshake's record, or one of application data on a connection that was open before. */
const startsWithTls = ({ bytes, opened }: Flow): boolean => (bytes[0] === 0x16 || (!opened && bytes[0] === 0x17)) && bytes[1] === 3
