import { randomBytes } from 'node:crypto'

const uint8 = (value: number): Buffer => Buffer.from([value])
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
const uint24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff])

/** A vector with its length in front, in so many bytes. */
const withLength = (size: (value: number) => Buffer, ...parts: Buffer[]): Buffer => {
  const content = Buffer.concat(parts)
  return Buffer.concat([size(content.length), content])
}

const extension = (type: number, ...parts: Buffer[]): Buffer =>
  Buffer.concat([uint16(type), withLength(uint16, ...parts)])

const x25519 = 0x001d
const groups = [x25519, 0x0017, 0x0018]
// TLS 1.3’s three, then what TLS 1.2 has with forward secrecy.
const cipherSuites = [0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8]
const signatures = [0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601]

/**
 * The first message of a TLS client, in a record (RFC 8446, 4.1.2): it asks for a server name and offers protocols, as
 * the sidecar of a client does before it shows a certificate. The handshake goes no further.
 */
export const clientHello = (serverName: string, protocols: readonly string[]): Buffer => {
  const name = Buffer.from(serverName)
  const extensions = [
    extension(0, withLength(uint16, uint8(0), withLength(uint16, name))),
    extension(10, withLength(uint16, ...groups.map(uint16))),
    extension(11, withLength(uint8, uint8(0))),
    extension(13, withLength(uint16, ...signatures.map(uint16))),
    extension(16, withLength(uint16, ...protocols.map((protocol) => withLength(uint8, Buffer.from(protocol))))),
    extension(43, withLength(uint8, uint16(0x0304), uint16(0x0303))),
    extension(51, withLength(uint16, uint16(x25519), withLength(uint16, randomBytes(32)))),
  ]
  const message = Buffer.concat([
    uint16(0x0303),
    randomBytes(32),
    withLength(uint8, randomBytes(32)),
    withLength(uint16, ...cipherSuites.map(uint16)),
    withLength(uint8, uint8(0)),
    withLength(uint16, ...extensions),
  ])
  const handshake = Buffer.concat([uint8(1), withLength(uint24, message)])
  return Buffer.concat([uint8(0x16), uint16(0x0301), withLength(uint16, handshake)])
}

/**
 * What the first bytes of an answer say: a TLS server goes on with the handshake or refuses it with an alert; anything
 * else is no TLS.
 */
export const answerTo = (bytes: string): 'handshake' | 'alert' | 'other' | 'nothing' => {
  if (bytes === '') return 'nothing'
  if (bytes.startsWith('\u0016\u0003')) return 'handshake'
  return bytes.startsWith('\u0015\u0003') ? 'alert' : 'other'
}
