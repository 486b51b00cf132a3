import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Lab } from '#lab/lab.ts'
import { inNode } from '#lab/kind.ts'
import type { Probe } from '#results/results.ts'
import { parseRequests, parseStream } from './parse.ts'
import { fileOf } from './plan-probes.ts'
import { parsePressure, pressureFile } from './pressure.ts'
import type { Written } from './probing.ts'

/** The folder of a node in which probes write, with a folder for each pod (fixtures/workloads/prober.yaml). */
export const accountsFolder = '/var/lib/meshproof-probes'

const separator = '\u001d'

const read = `cd ${accountsFolder} 2> /dev/null || exit 0
for file in */*; do
  [ ! -f "$file" ] || { printf '${separator}%s\\n' "$file"; cat "$file"; }
done | gzip -1 | base64 -w 0`

const count = `cd ${accountsFolder} 2> /dev/null && grep -c "$(printf '\\036')" */* /dev/null || true`

/**
 * What the probes of a lab have written so far. It is read from the nodes, so that nothing is lost when a pod is gone
 * or an API server does not answer.
 * @throws MeshproofError MP-202 when a node does not answer, MP-611 when a file cannot be read.
 */
export const collectWritten = async (lab: Lab, probes: Probe[], signal: AbortSignal): Promise<Written> => {
  const files = (
    await Promise.all(
      lab.clusters.map(async ({ name }) =>
        (await filesOf(await inNode(lab.runId, name, read, signal))).map((file) => ({ ...file, cluster: name })),
      ),
    )
  ).flat()
  return {
    samples: probes.map((probe) => {
      const parse = probe.kind === 'stream' ? parseStream : parseRequests
      const samples = files.filter(({ file }) => file === fileOf(probe)).flatMap(({ pod, text }) => parse(pod, text))
      return { probe, samples: samples.sort((a, b) => a.startedAt - b.startedAt) }
    }),
    pressure: files
      .filter(({ file }) => file === pressureFile)
      .flatMap(({ cluster, text }) => parsePressure(cluster, text)),
  }
}

/**
 * How many requests each probe of a lab has completed so far; for a stream, how many answers have ended.
 * @throws MeshproofError MP-202 when a node does not answer.
 */
export const countRequests = async (lab: Lab, probes: Probe[], signal: AbortSignal): Promise<number[]> => {
  const counts = (await Promise.all(lab.clusters.map(({ name }) => inNode(lab.runId, name, count, signal)))).join('\n')
  return probes.map((probe) => countIn(counts, fileOf(probe)))
}

/** The sum of the counts for the files of one name, in the folders of all pods. `counts` is the output of `grep -c`. */
export const countIn = (counts: string, file: string): number =>
  counts.split('\n').reduce((sum, line) => sum + Number(line.split(`/${file}:`)[1] ?? 0), 0)

/** The files in a node’s answer, each with the pod that wrote it. */
export const filesOf = async (answer: string): Promise<{ pod: string; file: string; text: string }[]> => {
  if (answer === '') return []
  const contents = (await promisify(gunzip)(Buffer.from(answer, 'base64'))).toString()
  return contents
    .split(separator)
    .slice(1)
    .map((piece) => {
      const end = piece.indexOf('\n')
      const [pod = '', file = ''] = piece.slice(0, end).split('/')
      return { pod, file, text: piece.slice(end + 1) }
    })
}
