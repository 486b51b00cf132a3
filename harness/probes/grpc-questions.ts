import { shellWord } from '#kube/shell-word.ts'
import { mebibyte, octal, type Question, type Reply } from './question.ts'

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
    `printf '${octal(framed(textField(1, text)))}' | ` +
    `call ${grpcHeaders} --data-binary @- ${shellWord(`${origin}/proto.EchoTestService/Echo`)}`,
})

/** The seconds between the two messages of a stream. */
const streamSeconds = 1

/**
 * A stream of gRPC in both directions: the reflection that echo serves, asked twice on one stream, with a pause in
 * which the stream must stay open.
 */
export const streamQuestion = (name: string, origin: string): Question => {
  const list = octal(framed(textField(7, '')))
  return {
    name,
    script:
      `{ printf '${list}'; sleep ${streamSeconds}; printf '${list}'; } | call ${grpcHeaders} --request POST ` +
      `--upload-file - ${shellWord(`${origin}/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo`)}`,
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
      `{ printf '${octal(framed(request, each))}'; head -c ${each} /dev/zero | tr '\\000' a; } | ` +
      `call ${grpcHeaders} --output /dev/null --data-binary @- ` +
      shellWord(`${origin}/proto.EchoTestService/ForwardEcho`),
  }
}
