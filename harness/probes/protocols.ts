import { execIn, readyPod } from '#kube/pods.ts'
import type { CurlPod } from './curl.ts'
import { noAccount } from './exchanges.ts'

/** A question over one protocol: its name for people, and the lines of shell that ask it and print the answer. */
export type Question = { name: string; script: string }

/** An answer: what was printed, and what curl and echo say in it. */
export type Reply = {
  name: string
  /** HTTP’s status; 0 where there was no HTTP answer. */
  status: number
  /** The bytes that were sent and received as bodies. */
  sent: number
  received: number
  /** The status of a gRPC call; undefined where the server told none. */
  grpcStatus: number | undefined
  /** curl’s own words where it failed. */
  error: string
  /** The value of a field that echo prints, such as Proto or Cluster. */
  field: (name: string) => string | undefined
  /** Everything that was printed, without bytes that are no text. */
  text: string
}

/** One mebibyte, and the largest body that echo reads: ten of them. */
const mebibyte = 2 ** 20
export const largestBody = 10 * mebibyte
export const smallBody = 64 * 2 ** 10

/** A word of shell. */
const word = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`

/** A request of HTTP/1.1, or of HTTP/2 without TLS and without an upgrade. */
export const httpQuestion = (name: string, url: string, version: '1.1' | '2'): Question => ({
  name,
  script: `ask ${version === '2' ? '--http2-prior-knowledge' : '--http1.1'} ${word(url)}`,
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
    `ask --http1.1 --resolve ${word(`${host}:${port}:${address}`)} ${word(`http://${host}:${port}/`)}`,
})

/** So many requests of HTTP/1.1, each on a new connection. */
export const manyQuestion = (name: string, url: string, count: number): Question => ({
  name,
  script: `ask --http1.1 --header 'Connection: close' ${word(`${url}?n=[1-${count}]`)}`,
})

/** The clusters that answered, each once, in order. */
export const clustersIn = ({ text }: Reply): string[] =>
  [...new Set([...text.matchAll(/^Cluster=(.*)$/gm)].map(([, cluster = '']) => cluster))].sort()

/** A request of HTTP/1.1 over TLS that the client itself speaks. */
export const httpsQuestion = (name: string, url: string): Question => httpQuestion(name, url, '1.1')

/** A body of so many bytes, which echo reads to the end because it is a form. */
export const uploadQuestion = (name: string, url: string, bytes: number): Question => ({
  name,
  script: `head -c ${bytes} /dev/zero | tr '\\000' a | ask --http1.1 --header Expect: --data-binary @- ${word(url)}`,
})

/** So many headers, each of 400 bytes and a number of its own. */
export const headersQuestion = (name: string, url: string, count: number): Question => ({
  name,
  script: [
    `value=$(head -c 400 /dev/zero | tr '\\000' b); number=0; : > headers.${count}`,
    `while [ $number -lt ${count} ]; do echo "x-many-$number: $value"; number=$((number + 1)); done > headers.${count}`,
    `ask --http1.1 --header @headers.${count} ${word(url)}`,
  ].join('\n'),
})

/** How many of these headers a server got, each with the value that was sent. */
export const headersIn = ({ text }: Reply): number =>
  new Set([...text.matchAll(/^RequestHeader=X-Many-(\d+):b{400}$/gm)].map(([, number]) => number)).size

/** Bytes for printf: what is no letter or digit is octal. */
const printable = (bytes: Buffer): string => [...bytes].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')

/** A message of gRPC: a zero, its length, and itself. */
const framed = (message: Buffer, more = 0): Buffer => {
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length + more, 1)
  return Buffer.concat([head, message])
}

/** A number as protobuf writes it: seven bits a byte, the lowest first. */
const varint = (value: number): Buffer => {
  const bytes = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) + 128)
  }
}

const textField = (number: number, text: string): Buffer =>
  Buffer.concat([varint(number * 8 + 2), varint(Buffer.byteLength(text)), Buffer.from(text)])
const numberField = (number: number, value: number): Buffer => Buffer.concat([varint(number * 8), varint(value)])

const grpcHeaders = "--http2-prior-knowledge --header 'content-type: application/grpc' --header 'te: trailers'"

/** A unary call of gRPC: echo answers with the text that it got. */
export const unaryQuestion = (name: string, origin: string, text: string): Question => ({
  name,
  script:
    `printf '${printable(framed(textField(1, text)))}' | ` +
    `call ${grpcHeaders} --data-binary @- ${word(`${origin}/proto.EchoTestService/Echo`)}`,
})

/** The seconds between the two messages of a stream. */
export const streamSeconds = 1

/**
 * A stream of gRPC in both directions: the reflection that echo serves, asked twice on one stream, with a pause in
 * which the stream must stay open.
 */
export const streamQuestion = (name: string, origin: string): Question => {
  const list = printable(framed(textField(7, '')))
  return {
    name,
    script:
      `{ printf '${list}'; sleep ${streamSeconds}; printf '${list}'; } | call ${grpcHeaders} --request POST ` +
      `--upload-file - ${word(`${origin}/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo`)}`,
  }
}

/** How many messages of a stream were answered: each lists echo’s own service. */
export const streamAnswersIn = ({ text }: Reply): number => text.split('proto.EchoTestService').length - 1

/**
 * A unary call of gRPC whose answer has at least so many bytes: echo calls itself with a message of up to a mebibyte,
 * as often as it takes, and hands all answers back in one.
 */
export const downloadQuestion = (name: string, origin: string, self: number, bytes: number): Question => {
  const each = Math.min(bytes, mebibyte)
  const request = Buffer.concat([
    numberField(1, Math.ceil(bytes / each)),
    numberField(3, 8_000_000),
    textField(4, `grpc://127.0.0.1:${self}`),
    varint(6 * 8 + 2),
    varint(each),
  ])
  return {
    name,
    script:
      `{ printf '${printable(framed(request, each))}'; head -c ${each} /dev/zero | tr '\\000' a; } | ` +
      `call ${grpcHeaders} --output /dev/null --data-binary @- ${word(`${origin}/proto.EchoTestService/ForwardEcho`)}`,
  }
}

/**
 * What a server says first, before the client says anything, and what it says to `text` after that.
 */
export const serverFirstQuestion = (name: string, address: string, text: string): Question => ({
  name,
  script: [
    `dial ${word(address)}`,
    String.raw`heard server-first-protocol && say '${text}\n' && heard '${text}'`,
    'hang_up',
  ].join('\n'),
})

/** What a server says to a client that is silent for so many seconds. */
export const silentQuestion = (name: string, address: string, seconds: number): Question => ({
  name,
  script: [`seconds=${seconds}`, `dial ${word(address)}`, 'heard server-first-protocol', 'hang_up'].join('\n'),
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
      `dial ${word(address)}`,
      `say '${upgrade.map((line) => `${line}\\r\\n`).join('')}\\r\\n'`,
      `heard ' 101 ' && say '${printable(frame)}' && heard '${text}'`,
      'hang_up',
    ].join('\n'),
  }
}

// Two in a row: a single one can be a byte of a gRPC message.
const start = '\u001E\u001E'
const account = '\u001F\u001F'

/**
 * The shell that asks questions at the same time, each in a folder of its own, and prints their answers in order.
 * `seconds` is the longest time for one of them.
 */
export const scriptOf = (questions: Question[], seconds: number): string =>
  [
    `seconds=${seconds}`,
    'place=$(mktemp -d) || exit 1',
    `trap 'rm -rf "$place"' EXIT`,
    'ask() {',
    '  curl --silent --show-error --insecure --connect-timeout 2 --max-time "$seconds" \\',
    `    --write-out '\\n${account}%{http_code} %{size_upload} %{size_download} %{exitcode} %{errormsg}\\n' "$@"`,
    '}',
    'call() { ask --dump-header head "$@"; echo; cat head; }',
    // With --upload-file . curl’s telnet does not wait for what its user says before it prints what the server says; with
    // --max-time it does all the same. So the limit is that of `heard`.
    'dial() {',
    '  mkfifo asked; exec 3<>asked; : >said',
    '  curl --silent --show-error --no-progress-meter --no-buffer --upload-file . --connect-timeout 2 \\',
    '    "telnet://$1" <&3 >>said 2>&1 &',
    '  line=$!',
    '}',
    'say() { printf "$1" >asked; }',
    // What must be heard within the time.
    'heard() {',
    '  looks=0',
    '  while [ $looks -lt $((seconds * 20)) ]; do',
    String.raw`    case $(tr -d '\000\200-\377' <said) in *"$1"*) return 0 ;; esac`,
    '    kill -0 $line 2>/dev/null || return 1',
    '    looks=$((looks + 1)); sleep 0.05',
    '  done',
    '  return 1',
    '}',
    'hang_up() { kill $line 2>/dev/null; cat said; }',
    ...questions.map(
      ({ script }, index) =>
        `mkdir "$place/${index}"; ( cd "$place/${index}"; ${script}\n) >"$place/${index}.out" 2>&1 &`,
    ),
    'wait',
    ...questions.map((_, index) => String.raw`printf '\036\036'; tr -d '\000' <"$place/${index}.out"`),
  ].join('\n')

/** Reads the answers to questions from what the shell printed; undefined where one is missing. */
export const repliesIn = (printed: string, questions: Question[]): Reply[] | undefined => {
  const [, ...texts] = printed.split(start)
  return texts.length === questions.length
    ? questions.map(({ name }, index) => replyOf(name, texts[index] ?? ''))
    : undefined
}

const replyOf = (name: string, text: string): Reply => {
  const [, code = '', sent = '', received = '', exit = '', words = ''] =
    new RegExp(`${account}(\\d+) (\\d+) (\\d+) (\\d+) ?(.*)`).exec(text) ?? []
  const grpcStatus = /^grpc-status: (\d+)/im.exec(text)?.[1]
  // Without curl’s account of a transfer, the answer is of a conversation over TCP.
  const spoken = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]
  return {
    name,
    status: Number(code === '' ? (spoken ?? 0) : code),
    sent: Number(sent),
    received: Number(received),
    grpcStatus: grpcStatus === undefined ? undefined : Number(grpcStatus),
    error: exit === '' || exit === '0' ? '' : words || `curl ended with ${exit}`,
    field: (field) => new RegExp(`^${field}=(.*)$`, 'm').exec(text)?.[1]?.trim(),
    text: text.replaceAll(account, ''),
  }
}

/**
 * Asks questions from a pod, all of them in one exec and at the same time.
 * @throws MeshproofError MP-403 when the exec itself fails, MP-601 when the shell printed something else than expected.
 */
export const askOver = async (
  { cluster, kube, namespace }: CurlPod,
  questions: Question[],
  seconds: number,
): Promise<Reply[]> => {
  const pod = (await readyPod(kube, namespace, 'app=sleep')).metadata?.name ?? ''
  const { stdout, stderr } = await execIn(
    kube,
    { namespace, pod, container: 'sleep' },
    ['sh', '-c', scriptOf(questions, seconds)],
    { within: (seconds + 20) * 1000 },
  )
  const replies = repliesIn(stdout, questions)
  if (replies) return replies
  throw noAccount(`${cluster}, ${namespace}/${pod}`, stderr.trim().split('\n')[0])
}
