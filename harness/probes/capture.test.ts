import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { until } from '../kube/until.ts'
import { errorOf, fakeProgram, scratchFolder } from '../testing/edge.ts'
import { captureThrough, flowsOf, wireOf, type Run } from './capture.ts'

type Sent = { from?: string; to?: string; sequence: number; syn?: boolean; payload?: string | Buffer; protocol?: number; fragment?: number; length?: number }

const client = '10.10.0.5:40000'
const server = '172.19.255.230:15443'

const ipOf = ({ from = client, to = server, sequence, syn = false, payload = '', protocol = 6, fragment = 0, length }: Sent): Buffer => {
  const [source, target] = [from, to].map((place) => place.split(':'))
  const content = Buffer.from(payload)
  const packet = Buffer.alloc(40 + content.length)
  packet.writeUInt8(0x45, 0)
  packet.writeUInt16BE(length ?? packet.length, 2)
  packet.writeUInt16BE(fragment, 6)
  packet.writeUInt8(protocol, 9)
  packet.set(source![0]!.split('.').map(Number), 12)
  packet.set(target![0]!.split('.').map(Number), 16)
  packet.writeUInt16BE(Number(source![1]), 20)
  packet.writeUInt16BE(Number(target![1]), 22)
  packet.writeUInt32BE(sequence >>> 0, 24)
  packet.writeUInt8(0x50, 32)
  packet.writeUInt8(syn ? 0x02 : 0x18, 33)
  packet.set(content, 40)
  return packet
}

/** Links by what comes before the IP packet. */
const links = {
  ethernet: { type: 1, header: Buffer.from(`${'00'.repeat(12)}0800`, 'hex') },
  sll: { type: 113, header: Buffer.from(`${'00'.repeat(14)}0800`, 'hex') },
  sll2: { type: 276, header: Buffer.from(`0800${'00'.repeat(18)}`, 'hex') },
}

type Writing = { link?: { type: number; header: Buffer }; magic?: number; bigEndian?: boolean }

const pcapOfFrames = (frames: Buffer[], { link = links.ethernet, magic = 0xa1b2c3d4, bigEndian = false }: Writing = {}): Buffer => {
  const words = (...values: number[]): Buffer => Buffer.concat(values.map((value) => {
    const word = Buffer.alloc(4)
    if (bigEndian) word.writeUInt32BE(value)
    else word.writeUInt32LE(value)
    return word
  }))
  return Buffer.concat([words(magic, 0, 0, 0, 262144, link.type), ...frames.flatMap((frame) => [words(1700000000, 0, frame.length, frame.length), frame])])
}

const pcapOf = (packets: Sent[], writing: Writing = {}): Buffer =>
  pcapOfFrames(packets.map((packet) => Buffer.concat([(writing.link ?? links.ethernet).header, ipOf(packet)])), writing)

const unreadable = (pcap: Buffer): void => { expect(() => flowsOf(pcap)).toThrow(expect.objectContaining({ code: 'MP-601' })) }

const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 5]), Buffer.from('hello')])
const applicationData = Buffer.concat([Buffer.from([0x17, 3, 3, 0, 6]), Buffer.from('sealed')])

describe('the flows of a capture', () => {
  test.each([
    ['Ethernet', { link: links.ethernet }],
    ['Linux’ cooked link', { link: links.sll }],
    ['Linux’ second cooked link', { link: links.sll2 }],
    ['nanoseconds', { magic: 0xa1b23c4d }],
    ['the other byte order', { bigEndian: true }],
  ])('are read from a file with %s', (_what, writing) => {
    const pcap = pcapOf([
      { sequence: 100, syn: true },
      { from: server, to: client, sequence: 7000, syn: true },
      { sequence: 101, payload: 'GET /hello' },
      { from: server, to: client, sequence: 7001, payload: 'Hello version: v2' },
      { sequence: 111, payload: ' HTTP/1.1' },
    ], writing)
    expect(flowsOf(pcap)).toEqual([
      { from: client, to: server, bytes: Buffer.from('GET /hello HTTP/1.1'), opened: true, lost: 0 },
      { from: server, to: client, bytes: Buffer.from('Hello version: v2'), opened: true, lost: 0 },
    ])
  })

  test('of an empty capture are none', () => {
    expect(flowsOf(pcapOf([]))).toEqual([])
  })

  test('hold every byte once and in order, whatever was sent again, overlaps or came late', () => {
    const pcap = pcapOf([
      { sequence: 100, syn: true }, { sequence: 100, syn: true },
      { sequence: 107, payload: 'version' },
      { sequence: 101, payload: 'Hello ' }, { sequence: 101, payload: 'Hello ' },
      { sequence: 104, payload: 'lo version: v1' },
      { sequence: 100, payload: '\0' },
    ])
    expect(flowsOf(pcap)).toMatchObject([{ bytes: Buffer.from('Hello version: v1'), lost: 0 }])
  })

  test('go on where sequence numbers wrap around', () => {
    expect(flowsOf(pcapOf([{ sequence: 0xfffffffc, syn: true }, { sequence: 2, payload: 'there' }, { sequence: 0xfffffffd, payload: 'hello' }])))
      .toMatchObject([{ bytes: Buffer.from('hellothere'), lost: 0 }])
  })

  test('that were open before start with the lowest number seen', () => {
    expect(flowsOf(pcapOf([{ sequence: 505, payload: 'there' }, { sequence: 500, payload: 'hello' }])))
      .toMatchObject([{ bytes: Buffer.from('hellothere'), opened: false, lost: 0 }])
  })

  test('tell what is missing in between', () => {
    expect(flowsOf(pcapOf([{ sequence: 100, syn: true }, { sequence: 104, payload: 'def' }, { sequence: 110, payload: 'jkl' }])))
      .toMatchObject([{ bytes: Buffer.from('defjkl'), lost: 6 }])
  })

  test('are two where a port serves a second connection', () => {
    const again = (first: number, payload: string): Sent[] => [{ sequence: first, syn: true }, { sequence: first + 1, payload }]
    const flows = flowsOf(pcapOf([{ sequence: 9, payload: 'before' }, ...again(100, 'first'), ...again(9000, 'second')]))
    expect(flows.map(({ bytes, opened }) => [bytes.toString(), opened])).toEqual([['before', false], ['first', true], ['second', true]])
  })

  test('leave out what is not TCP over IPv4, and the padding of short frames', () => {
    const { header } = links.ethernet
    const pcap = pcapOfFrames([
      Buffer.from(`${'00'.repeat(12)}0806${'00'.repeat(46)}`, 'hex'),
      header.subarray(0, 10),
      Buffer.concat([header, ipOf({ sequence: 1, protocol: 17, payload: 'udp' })]),
      Buffer.concat([header, ipOf({ sequence: 1, fragment: 185, payload: 'rest' })]),
      Buffer.concat([header, ipOf({ sequence: 1, payload: 'x' }), Buffer.from('padding')]),
    ])
    expect(flowsOf(pcap)).toMatchObject([{ from: client, bytes: Buffer.from('x') }])
  })

  test('take a packet without a length as it is', () => {
    expect(flowsOf(pcapOf([{ sequence: 1, payload: 'large', length: 0 }]))).toMatchObject([{ bytes: Buffer.from('large') }])
  })

  test('are not read from a file that is cut off, wherever that is', () => {
    const packets: Sent[] = [{ sequence: 1, payload: 'Hello' }, { sequence: 6, payload: 'version' }]
    const pcap = pcapOf(packets)
    const whole = [24, pcapOf(packets.slice(0, 1)).length, pcap.length]
    for (let length = 0; length <= pcap.length; length += 1) {
      if (whole.includes(length)) expect(flowsOf(pcap.subarray(0, length)).length).toBeLessThan(2)
      else unreadable(pcap.subarray(0, length))
    }
  })

  test('are not read from other files or links', () => {
    unreadable(Buffer.from(`0a0d0d0a${'00'.repeat(24)}`, 'hex'))
    unreadable(pcapOf([], { link: { type: 127, header: Buffer.alloc(0) } }))
  })
})

describe('a wire', () => {
  const wire = (...packets: Sent[]): ReturnType<typeof wireOf> => wireOf(flowsOf(pcapOf(packets)), 'Hello version')

  test('with TLS both ways is clear nowhere; a connection without payload does not count', () => {
    expect(wire(
      { sequence: 100, syn: true }, { from: server, to: client, sequence: 900, syn: true },
      { sequence: 101, payload: hello }, { from: server, to: client, sequence: 901, payload: hello },
      { from: '10.10.0.6:1', sequence: 5, syn: true },
    )).toEqual({ flows: 2, bytes: 20, tls: 2, clear: 0, lost: 0 })
  })

  test('shows a greeting that two segments share', () => {
    expect(wire({ sequence: 100, syn: true }, { sequence: 101, payload: 'HTTP/1.1 200 OK\r\n\r\nHello ver' }, { sequence: 129, payload: 'sion: v1' }))
      .toEqual({ flows: 1, bytes: 36, tls: 0, clear: 1, lost: 0 })
  })

  test('shows a greeting after a TLS record as clear', () => {
    expect(wire({ sequence: 100, syn: true }, { sequence: 101, payload: Buffer.concat([hello, Buffer.from('Hello version')]) })).toMatchObject({ tls: 1, clear: 1 })
  })

  test('starts with application data only on a connection that was open before', () => {
    expect(wire({ sequence: 101, payload: applicationData })).toMatchObject({ flows: 1, tls: 1 })
    expect(wire({ sequence: 100, syn: true }, { sequence: 101, payload: applicationData })).toMatchObject({ flows: 1, tls: 0 })
  })

  test('that carries other bytes is neither TLS nor clear', () => {
    expect(wire({ sequence: 101, payload: 'PRI * HTTP/2.0' })).toMatchObject({ flows: 1, tls: 0, clear: 0 })
  })
})

describe('capturing', () => {
  const run: Run = async (command, within) => {
    const [program = '', ...rest] = command
    const { stdout, stderr, exitCode = 1 } = await execa(program, rest, { reject: false, timeout: within })
    return { stdout, stderr, exitCode }
  }

  /** A tcpdump that does as the script says. It leaves its arguments, its process and the capture's folder where the test finds them. */
  const tcpdump = async (then: string, pcap = pcapOf([{ sequence: 1, payload: 'Hello version: v1' }])): Promise<string> => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'prepared'), pcap)
    await fakeProgram('tcpdump', `
      echo "$@" > ${folder}/arguments
      echo $$ > ${folder}/pid
      while [ "$1" != -w ]; do shift; done
      dirname "$2" > ${folder}/folder
      listen() { cp ${folder}/prepared "$1"; echo 'tcpdump: listening on eth0, link-type EN10MB' >&2; }
      ${then}`)
    return folder
  }
  const untilTold = (dropped = 0): string => `
    trap 'echo "${dropped} packets dropped by kernel" >&2; exit 0' TERM
    listen "$2"
    while :; do sleep 0.02; done`
  const read = async (folder: string, file: string): Promise<string> => (await execa('cat', [join(folder, file)])).stdout
  /** The process and the folder of a capture, as far as they are still there. */
  const leftOvers = async (folder: string): Promise<unknown[]> => {
    const alive = await execa('kill', ['-0', await read(folder, 'pid')], { reject: false })
    const place = await readdir(await read(folder, 'folder')).catch(() => 'gone')
    return [alive.exitCode === 0 ? 'alive' : 'over', place]
  }

  test('starts what it watches once tcpdump listens, and gives its result and the file', async () => {
    const folder = await tcpdump(untilTold())
    const { result, pcap } = await captureThrough(run, 'legacy/capture', 'tcp port 15443', async () => (await readdir(await read(folder, 'folder'))).sort())
    expect(result).toEqual(['pcap', 'pid', 'said'])
    expect(flowsOf(pcap)).toMatchObject([{ bytes: Buffer.from('Hello version: v1') }])
    expect(await read(folder, 'arguments')).toMatch(/^-Z root -i eth0 .* -c 5000 -w \S+ tcp port 15443$/)
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })

  test('that what it watches breaks leaves nothing behind and tells that error', async () => {
    const folder = await tcpdump(untilTold())
    const broken = new Error('the client broke')
    expect(await errorOf(captureThrough(run, 'legacy/capture', 'tcp', () => Promise.reject(broken)))).toBe(broken)
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })

  test('fails with tcpdump’s own words when it does not start', async () => {
    await tcpdump('printf "tcpdump: eth9: No such device exists\\n(No such device exists)\\n" >&2; exit 1')
    const error = await errorOf(captureThrough(run, 'legacy/capture', 'tcp', () => Promise.resolve(), { on: 'eth9' }))
    expect(error).toMatchObject({ code: 'MP-601', message: 'tcpdump gave no capture (legacy/capture, eth9, tcp): tcpdump: eth9: No such device exists' })
  })

  test.each([
    ['its time is up', untilTold(), { seconds: 0.3 }, '0.3 s were not enough for what it was to watch'],
    ['it has its packets', 'listen "$2"; exit 0', { packets: 1 }, '1 packets were not enough for what it was to watch'],
    ['it breaks', 'listen "$2"; sleep 0.3; echo "tcpdump: pcap_loop: The interface disappeared" >&2; exit 1', {}, 'tcpdump: pcap_loop: The interface disappeared'],
  ])('is not whole when %s first', async (_what, script, options, why) => {
    const folder = await tcpdump(script)
    const watched = (): Promise<boolean> => until('tcpdump is over', async () => (await leftOvers(folder)).includes('gone'), { every: 20, within: 5000 })
    const error = await errorOf(captureThrough(run, 'legacy/capture', 'tcp', watched, options))
    expect(error).toMatchObject({ code: 'MP-601', message: expect.stringMatching(`: ${why}$`) })
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })

  test('is not whole when the kernel dropped packets', async () => {
    const folder = await tcpdump(untilTold(12))
    const error = await errorOf(captureThrough(run, 'legacy/capture', 'tcp', () => Promise.resolve()))
    expect(error).toMatchObject({ code: 'MP-601', message: expect.stringMatching(/: the kernel dropped 12 packets$/) })
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })
})
