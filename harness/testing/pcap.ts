/** A packet of a capture that a test writes. By default it is TCP over IPv4. */
export type Packet = {
  from?: string
  to?: string
  sequence: number
  syn?: boolean
  payload?: string | Buffer
  protocol?: number
  fragment?: number
  length?: number
}

/** The default ends of a connection. */
export const client = '10.10.0.5:40000'
export const server = '172.19.255.230:15443'

/** The bytes of an IP packet. */
export const ipPacket = ({
  from = client,
  to = server,
  sequence,
  syn = false,
  payload = '',
  protocol = 6,
  fragment = 0,
  length,
}: Packet): Buffer => {
  const [[source = '', sourcePort], [target = '', targetPort]] = [from.split(':'), to.split(':')] as const
  const content = Buffer.from(payload)
  const packet = Buffer.alloc(40 + content.length)
  packet.writeUInt8(0x45, 0)
  packet.writeUInt16BE(length ?? packet.length, 2)
  packet.writeUInt16BE(fragment, 6)
  packet.writeUInt8(protocol, 9)
  packet.set(source.split('.').map(Number), 12)
  packet.set(target.split('.').map(Number), 16)
  packet.writeUInt16BE(Number(sourcePort), 20)
  packet.writeUInt16BE(Number(targetPort), 22)
  packet.writeUInt32BE(sequence >>> 0, 24)
  packet.writeUInt8(0x50, 32)
  packet.writeUInt8(syn ? 0x02 : 0x18, 33)
  packet.set(content, 40)
  return packet
}

/** Link layers: the number of the link type and the header before the IP packet. */
export const linkTypes = {
  ethernet: { type: 1, header: Buffer.from(`${'00'.repeat(12)}0800`, 'hex') },
  sll: { type: 113, header: Buffer.from(`${'00'.repeat(14)}0800`, 'hex') },
  sll2: { type: 276, header: Buffer.from(`0800${'00'.repeat(18)}`, 'hex') },
}

/** The format of a pcap file. */
export type PcapFormat = { link?: { type: number; header: Buffer }; magic?: number; bigEndian?: boolean }

/** A pcap file of frames, each with the header of its link. */
export const pcapOfFrames = (
  frames: Buffer[],
  { link = linkTypes.ethernet, magic = 0xa1b2c3d4, bigEndian = false }: PcapFormat = {},
): Buffer => {
  const words = (...values: number[]): Buffer =>
    Buffer.concat(
      values.map((value) => {
        const word = Buffer.alloc(4)
        if (bigEndian) word.writeUInt32BE(value)
        else word.writeUInt32LE(value)
        return word
      }),
    )
  return Buffer.concat([
    words(magic, 0, 0, 0, 262144, link.type),
    ...frames.flatMap((frame) => [words(1700000000, 0, frame.length, frame.length), frame]),
  ])
}

/** A pcap file of packets. */
export const pcapOf = (packets: Packet[], format: PcapFormat = {}): Buffer =>
  pcapOfFrames(
    packets.map((packet) => Buffer.concat([(format.link ?? linkTypes.ethernet).header, ipPacket(packet)])),
    format,
  )
