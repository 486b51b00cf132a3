import { execIn, readyPod } from '#kube/pods.ts'
import type { CurlPod } from './curl.ts'
import { noAccount } from './exchanges.ts'
import type { Question, Reply } from './question.ts'

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
    // With --upload-file . curl’s telnet does not wait for what its user says before it prints what the server says.
    // With --max-time it does all the same, so the limit is that of `heard`.
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
