import { describe, expect, test } from 'vitest'
import { client, server, ipPacket, linkTypes, pcapOf, pcapOfFrames, type Packet } from '#testing/pcap.ts'
import { flowsOf, wireOf } from './flows.ts'

const unreadable = (pcap: Buffer): void => {
  expect(() => flowsOf(pcap)).toThrow(expect.objectContaining({ code: 'MP-601' }))
}

const hello = Buffer.concat([Buffer.from([0x16, 3, 1, 0, 5]), Buffer.from('hello')])
const applicationData = Buffer.concat([Buffer.from([0x17, 3, 3, 0, 6]), Buffer.from('sealed')])

describe('the flows of a capture', () => {
  test.each([
    ['Ethernet', { link: linkTypes.ethernet }],
    ['Linux’ cooked link', { link: linkTypes.sll }],
    ['Linux’ second cooked link', { link: linkTypes.sll2 }],
    ['nanoseconds', { magic: 0xa1b23c4d }],
    ['the other byte order', { bigEndian: true }],
  ])('are read from a file with %s', (_what, writing) => {
    const pcap = pcapOf(
      [
        { sequence: 100, syn: true },
        { from: server, to: client, sequence: 7000, syn: true },
        { sequence: 101, payload: 'GET /hello' },
        { from: server, to: client, sequence: 7001, payload: 'Hello version: v2' },
        { sequence: 111, payload: ' HTTP/1.1' },
      ],
      writing,
    )
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
      { sequence: 100, syn: true },
      { sequence: 100, syn: true },
      { sequence: 107, payload: 'version' },
      { sequence: 101, payload: 'Hello ' },
      { sequence: 101, payload: 'Hello ' },
      { sequence: 104, payload: 'lo version: v1' },
      { sequence: 100, payload: '\0' },
    ])
    expect(flowsOf(pcap)).toMatchObject([{ bytes: Buffer.from('Hello version: v1'), lost: 0 }])
  })

  test('go on where sequence numbers wrap around', () => {
    expect(
      flowsOf(
        pcapOf([
          { sequence: 0xfffffffc, syn: true },
          { sequence: 2, payload: 'there' },
          { sequence: 0xfffffffd, payload: 'hello' },
        ]),
      ),
    ).toMatchObject([{ bytes: Buffer.from('hellothere'), lost: 0 }])
  })

  test('that were open before start with the lowest number seen', () => {
    expect(
      flowsOf(
        pcapOf([
          { sequence: 505, payload: 'there' },
          { sequence: 500, payload: 'hello' },
        ]),
      ),
    ).toMatchObject([{ bytes: Buffer.from('hellothere'), opened: false, lost: 0 }])
  })

  test('tell what is missing in between', () => {
    expect(
      flowsOf(
        pcapOf([
          { sequence: 100, syn: true },
          { sequence: 104, payload: 'def' },
          { sequence: 110, payload: 'jkl' },
        ]),
      ),
    ).toMatchObject([{ bytes: Buffer.from('defjkl'), lost: 6 }])
  })

  test('are two where a port serves a second connection', () => {
    const again = (first: number, payload: string): Packet[] => [
      { sequence: first, syn: true },
      { sequence: first + 1, payload },
    ]
    const flows = flowsOf(
      pcapOf([{ sequence: 9, payload: 'before' }, ...again(100, 'first'), ...again(9000, 'second')]),
    )
    expect(flows.map(({ bytes, opened }) => [bytes.toString(), opened])).toEqual([
      ['before', false],
      ['first', true],
      ['second', true],
    ])
  })

  test('leave out what is not TCP over IPv4, and the padding of short frames', () => {
    const { header } = linkTypes.ethernet
    const pcap = pcapOfFrames([
      Buffer.from(`${'00'.repeat(12)}0806${'00'.repeat(46)}`, 'hex'),
      header.subarray(0, 10),
      Buffer.concat([header, ipPacket({ sequence: 1, protocol: 17, payload: 'udp' })]),
      Buffer.concat([header, ipPacket({ sequence: 1, fragment: 185, payload: 'rest' })]),
      Buffer.concat([header, ipPacket({ sequence: 1, payload: 'x' }), Buffer.from('padding')]),
    ])
    expect(flowsOf(pcap)).toMatchObject([{ from: client, bytes: Buffer.from('x') }])
  })

  test('take a packet without a length as it is', () => {
    expect(flowsOf(pcapOf([{ sequence: 1, payload: 'large', length: 0 }]))).toMatchObject([
      { bytes: Buffer.from('large') },
    ])
  })

  test('are not read from a file that is cut off, wherever that is', () => {
    const packets: Packet[] = [
      { sequence: 1, payload: 'Hello' },
      { sequence: 6, payload: 'version' },
    ]
    const pcap = pcapOf(packets)
    const whole = [24, pcapOf(packets.slice(0, 1)).length, pcap.length]
    for (let length = 0; length <= pcap.length; length += 1) {
      if (whole.includes(length)) expect(flowsOf(pcap.subarray(0, length)).length).toBeLessThan(2)
      else unreadable(pcap.subarray(0, length))
    }
  })

  test('are not read from other files or linkTypes', () => {
    unreadable(Buffer.from(`0a0d0d0a${'00'.repeat(24)}`, 'hex'))
    unreadable(pcapOf([], { link: { type: 127, header: Buffer.alloc(0) } }))
  })
})

describe('a wire', () => {
  const wire = (...packets: Packet[]): ReturnType<typeof wireOf> => wireOf(flowsOf(pcapOf(packets)), 'Hello version')

  test('with TLS both ways is clear nowhere; a connection without payload does not count', () => {
    expect(
      wire(
        { sequence: 100, syn: true },
        { from: server, to: client, sequence: 900, syn: true },
        { sequence: 101, payload: hello },
        { from: server, to: client, sequence: 901, payload: hello },
        { from: '10.10.0.6:1', sequence: 5, syn: true },
      ),
    ).toEqual({ flows: 2, bytes: 20, tls: 2, clear: 0, lost: 0 })
  })

  test('shows a greeting that two segments share', () => {
    expect(
      wire(
        { sequence: 100, syn: true },
        { sequence: 101, payload: 'HTTP/1.1 200 OK\r\n\r\nHello ver' },
        { sequence: 129, payload: 'sion: v1' },
      ),
    ).toEqual({ flows: 1, bytes: 36, tls: 0, clear: 1, lost: 0 })
  })

  test('shows a greeting after a TLS record as clear', () => {
    expect(
      wire(
        { sequence: 100, syn: true },
        { sequence: 101, payload: Buffer.concat([hello, Buffer.from('Hello version')]) },
      ),
    ).toMatchObject({ tls: 1, clear: 1 })
  })

  test.each([
    ['application data', applicationData],
    ['an alert', Buffer.from([0x15, 3, 3, 0, 2, 1, 0])],
  ])('starts with %s only on a connection that was open before', (_, record) => {
    expect(wire({ sequence: 101, payload: record })).toMatchObject({ flows: 1, tls: 1 })
    expect(wire({ sequence: 100, syn: true }, { sequence: 101, payload: record })).toMatchObject({ flows: 1, tls: 0 })
  })

  test('that carries other bytes is neither TLS nor clear', () => {
    expect(wire({ sequence: 101, payload: 'PRI * HTTP/2.0' })).toMatchObject({ flows: 1, tls: 0, clear: 0 })
  })
})
