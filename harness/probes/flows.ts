import { MeshproofError } from '#errors.ts'

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
 * Puts the TCP flows of a pcap file together, in the order they appear. A packet that was seen twice, on several
 * interfaces or because it was sent again, counts once; what is not TCP over IPv4 is left out.
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
  const sorted = segments.toSorted((first, second) => first.offset - second.offset)
  const pieces: Buffer[] = []
  let lost = 0
  let end = opened ? 0 : (sorted[0]?.offset ?? 0)
  for (const { offset, payload } of sorted) {
    if (offset + payload.length <= end) continue
    lost += Math.max(0, offset - end)
    pieces.push(payload.subarray(Math.max(0, end - offset)))
    end = offset + payload.length
  }
  return { bytes: Buffer.concat(pieces), lost }
}

type Packet = { from: string; to: string; sequence: number; opens: boolean; payload: Buffer }

/**
 * How long a link's header is and where it names the protocol, by the link type in the file: Ethernet and Linux' two
 * cooked ones.
 */
const links: Record<number, { length: number; protocol: number }> = {
  1: { length: 14, protocol: 12 },
  113: { length: 16, protocol: 14 },
  276: { length: 20, protocol: 0 },
}

/** Magic numbers as a little-endian reader sees them: microseconds and nanoseconds, each written either way around. */
const littleEndian = [0xa1b2c3d4, 0xa1b23c4d]
const bigEndian = [0xd4c3b2a1, 0x4d3cb2a1]

const unreadable = (why: string): MeshproofError =>
  new MeshproofError('MP-601', {
    what: 'The capture cannot be read',
    why,
    next: 'This says nothing about the mesh; run again.',
  })

const packetsOf = function* (pcap: Buffer): Generator<Packet> {
  if (pcap.length < 24) throw unreadable('it was cut off')
  const magic = pcap.readUInt32LE(0)
  if (!littleEndian.includes(magic) && !bigEndian.includes(magic)) throw unreadable('it is no pcap file')
  const number = (offset: number): number =>
    littleEndian.includes(magic) ? pcap.readUInt32LE(offset) : pcap.readUInt32BE(offset)
  const type = number(20) & 0xffff
  const link = links[type]
  if (!link) throw unreadable(`its link type is ${type}`)
  let offset = 24
  while (offset < pcap.length) {
    if (offset + 16 > pcap.length || offset + 16 + number(offset + 8) > pcap.length) throw unreadable('it was cut off')
    const frame = pcap.subarray(offset + 16, offset + 16 + number(offset + 8))
    offset += 16 + frame.length
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

/** The flows on a wire that carried anything: how many were TLS, and how many held the greeting in clear. */
export type Wire = { flows: number; bytes: number; tls: number; clear: number; lost: number }

/** Counts which flows start with a TLS record, and in which of them `greeting` can be read. */
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

/**
 * A handshake's record; on a connection that was open before, one of any kind (RFC 5246, 6.2.1): what it goes on with,
 * or the alert that closes it.
 */
const startsWithTls = ({ bytes: [kind = 0, version], opened }: Flow): boolean =>
  (opened ? kind === 0x16 : kind >= 0x14 && kind <= 0x17) && version === 3
