import { randomUUID } from 'node:crypto'
import { MeshproofError } from '#errors.ts'
import type { KubeClient } from '#kube/client.ts'
import { execIn, readyPod, type ExecResult } from '#kube/pods.ts'

/** What was on the wire, as a pcap file, while something happened; and what that gave. */
export type Capture<T> = { result: T; pcap: Buffer }

/**
 * Where to listen and for how much at most. The default interface is a node's only link to other nodes, behind any
 * address translation: what passes there is what the other cluster gets, and each packet passes once.
 */
export type CaptureOptions = { on?: string; seconds?: number; packets?: number }

/** Runs a command where tcpdump is. */
export type Run = (command: string[], within: number) => Promise<ExecResult>

/**
 * Captures packets on a cluster's node while `during` runs, from the pod `app=capture` of a namespace.
 * @throws MeshproofError MP-403 when an exec fails, MP-405 when the pod is not ready, MP-601 when the capture is not
 * whole.
 */
export const capture = async <T>(
  kube: KubeClient,
  namespace: string,
  filter: string,
  during: () => Promise<T>,
  options: CaptureOptions = {},
): Promise<Capture<T>> => {
  const pod = (await readyPod(kube, namespace, 'app=capture')).metadata?.name ?? ''
  const run: Run = (command, within) => execIn(kube, { namespace, pod, container: 'capture' }, command, { within })
  return captureThrough(run, `${namespace}/${pod}`, filter, during, options)
}

// Stays for as long as tcpdump runs, so that nothing outlives it, and takes its folder with it. Immediate mode: a
// packet that still lay in the kernel's buffer would be missing from the file when tcpdump is told to stop. That mode
// has a slot of the largest size for every packet, so the buffer (in KiB) is larger than the default, which is full
// after eight.
const record = `
folder=$1; shift
mkdir -m 700 "$folder" || exit 1
trap 'rm -rf "$folder"' EXIT
timeout "$1" tcpdump -Z root -i "$2" -p -n -s 0 -U --immediate-mode -B 32768 -c "$3" \\
  -w "$folder/pcap" "$4" 2> "$folder/said" &
echo $! > "$folder/pid"
wait $!
code=$?
cat "$folder/said" >&2
[ ! -e "$folder/pcap" ] || base64 -w 0 "$folder/pcap"
exit $code`

const gone = 3

// A folder that was there and is gone shows that tcpdump ended.
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

/** Captures packets with any function that runs a command where tcpdump is. `where` is for errors. */
export const captureThrough = async <T>(
  run: Run,
  where: string,
  filter: string,
  during: () => Promise<T>,
  { on = 'eth0', seconds = 60, packets = 5000 }: CaptureOptions = {},
): Promise<Capture<T>> => {
  const notCaptured = (why: string): MeshproofError =>
    new MeshproofError('MP-601', {
      what: 'tcpdump gave no capture',
      where: `${where}, ${on}, ${filter}`,
      why,
      next: 'This says nothing about the mesh; run again.',
    })
  const folder = `/tmp/capture-${randomUUID()}`
  const shell = (script: string, within: number, ...rest: string[]): Promise<ExecResult> =>
    run(['sh', '-c', script, 'sh', folder, ...rest], within)
  const recording = shell(record, (seconds + 30) * 1000, String(seconds), on, String(packets), filter)
  /** Why tcpdump ended before it was stopped. */
  const limit = ({ stderr, exitCode }: ExecResult): MeshproofError => {
    if (exitCode === 124) return notCaptured(`${seconds} s were not enough for what it was to watch`)
    return notCaptured(
      exitCode === 0 ? `${packets} packets were not enough for what it was to watch` : complaint(stderr),
    )
  }
  const endsTooEarly = recording.then((recorded) => {
    throw limit(recorded)
  })
  let result: T
  try {
    const { exitCode } = await Promise.race([shell(listens, 30_000), endsTooEarly])
    if (exitCode === gone) await endsTooEarly
    if (exitCode !== 0) throw notCaptured('it did not listen within 10 s')
    result = await during()
  } catch (error) {
    const stopped = await shell(stop, 15_000).then(
      ({ exitCode }) => exitCode === 0,
      () => false,
    )
    if (stopped) await recording.catch(() => undefined)
    throw error
  }
  const inTime = (await shell(stop, 15_000)).exitCode === 0
  const recorded = await recording
  if (!inTime || recorded.exitCode !== 0) throw limit(recorded)
  if (recorded.stdout === '') throw notCaptured(complaint(recorded.stderr))
  const dropped = Number(/(\d+) packets? dropped by kernel/.exec(recorded.stderr)?.[1] ?? 0)
  if (dropped > 0) throw notCaptured(`the kernel dropped ${dropped} packets`)
  return { result, pcap: Buffer.from(recorded.stdout, 'base64') }
}

/** tcpdump’s own complaint, otherwise the last line that was written, for example by the shell. */
const complaint = (stderr: string): string => {
  const lines = stderr.trim().split('\n')
  return (
    lines.findLast((line) => line.startsWith('tcpdump: ') && !line.includes('listening on')) ??
    (lines.at(-1) || 'no output')
  )
}
