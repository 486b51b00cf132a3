import { shellWord } from '#kube/shell-word.ts'
import { mebibyte, octal, type Question, type Reply } from './question.ts'

/** The largest body that echo reads, in bytes. */
export const largestBody = 10 * mebibyte

/** A body that fits into no single packet, in bytes. */
export const smallBody = 64 * 2 ** 10

/** A request of HTTP/1.1, or of HTTP/2 without TLS and without an upgrade. */
export const httpQuestion = (name: string, url: string, version: '1.1' | '2'): Question => ({
  name,
  script: `ask ${version === '2' ? '--http2-prior-knowledge' : '--http1.1'} ${shellWord(url)}`,
})

/** An address that is nobody’s: what is sent there arrives only where a proxy goes by the host’s name. */
const nobodys = '192.0.2.1'

/**
 * A request of HTTP/1.1 to a host that has an address without DNS: that of nobody, or `address`. It takes `seconds` at
 * most, where they are given.
 */
export const hostQuestion = (
  name: string,
  host: string,
  port: number,
  { address = nobodys, seconds }: { address?: string; seconds?: number } = {},
): Question => ({
  name,
  script:
    (seconds === undefined ? '' : `seconds=${seconds}; `) +
    `ask --http1.1 --resolve ${shellWord(`${host}:${port}:${address}`)} ${shellWord(`http://${host}:${port}/`)}`,
})

/** So many requests of HTTP/1.1, each on a new connection. */
export const manyQuestion = (name: string, url: string, count: number): Question => ({
  name,
  script: `ask --http1.1 --header 'Connection: close' ${shellWord(`${url}?n=[1-${count}]`)}`,
})

/** The clusters that answered, each once, in order. */
export const clustersIn = ({ text }: Reply): string[] =>
  [...new Set([...text.matchAll(/^Cluster=(.*)$/gm)].map(([, cluster = '']) => cluster))].sort()

/** A request of HTTP/1.1 over TLS that the client itself speaks. */
export const httpsQuestion = (name: string, url: string): Question => httpQuestion(name, url, '1.1')

/** A body of so many bytes, which echo reads to the end because it is a form. */
export const uploadQuestion = (name: string, url: string, bytes: number): Question => ({
  name,
  script:
    `head -c ${bytes} /dev/zero | tr '\\000' a | ` +
    `ask --http1.1 --header Expect: --data-binary @- ${shellWord(url)}`,
})

/** So many headers, each of 400 bytes and a number of its own. */
export const headersQuestion = (name: string, url: string, count: number): Question => ({
  name,
  script: [
    `value=$(head -c 400 /dev/zero | tr '\\000' b); number=0; : > headers.${count}`,
    `while [ $number -lt ${count} ]; do echo "x-many-$number: $value"; number=$((number + 1)); done > headers.${count}`,
    `ask --http1.1 --header @headers.${count} ${shellWord(url)}`,
  ].join('\n'),
})

/** How many of these headers a server got, each with the value that was sent. */
export const headersIn = ({ text }: Reply): number =>
  new Set([...text.matchAll(/^RequestHeader=X-Many-(\d+):b{400}$/gm)].map(([, number]) => number)).size

/**
 * What a server says first, before the client says anything, and what it says to `text` after that.
 */
export const serverFirstQuestion = (name: string, address: string, text: string): Question => ({
  name,
  script: [
    `dial ${shellWord(address)}`,
    String.raw`heard server-first-protocol && say '${text}\n' && heard '${text}'`,
    'hang_up',
  ].join('\n'),
})

/** What a server says to a client that is silent for so many seconds. */
export const silentQuestion = (name: string, address: string, seconds: number): Question => ({
  name,
  script: [`seconds=${seconds}`, `dial ${shellWord(address)}`, 'heard server-first-protocol', 'hang_up'].join('\n'),
})

/** An upgrade to a WebSocket, and a text in it. The key is a constant, since no proxy in between may cache it. */
export const webSocketQuestion = (name: string, address: string, text: string): Question => {
  const upgrade = [
    'GET / HTTP/1.1',
    `Host: ${address}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: bWVzaHByb29mIGFza3MhIQ==',
    // Echo goes by a header of its own.
    'testwebsocket: enabled',
  ]
  // A frame of a client: the last one, text, masked with zeros.
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 + Buffer.byteLength(text), 0, 0, 0, 0]), Buffer.from(text)])
  return {
    name,
    script: [
      `dial ${shellWord(address)}`,
      `say '${upgrade.map((line) => `${line}\\r\\n`).join('')}\\r\\n'`,
      `heard ' 101 ' && say '${octal(frame)}' && heard '${text}'`,
      'hang_up',
    ].join('\n'),
  }
}
