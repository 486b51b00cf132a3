import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { Lab } from '#lab/lab.ts'
import { inNode } from '#lab/kind.ts'
import type { Probe } from '#results/results.ts'
import { parseRequests, parseStream } from './parse.ts'
import { fileOf } from './plan-probes.ts'
import type { Samples } from './probing.ts'

/** Where probes write in a cluster’s node, a folder a pod (fixtures/workloads/prober.yaml). */
export const accountsFolder = '/var/lib/meshproof-probes'

const separator = '\u001d'

const read = `cd ${accountsFolder} 2> /dev/null || exit 0
for file in */*; do
  [ ! -f "$file" ] || { printf '${separator}%s\\n' "$file"; cat "$file"; }
done | gzip -1 | base64 -w 0`

const count = `cd ${accountsFolder} 2> /dev/null && grep -c "$(printf '\\036')" */* /dev/null || true`

/**
 * What the probes of a lab have written so far, from the nodes: pods that are gone, and API servers that do not answer,
 * lose nothing.
 * @throws MeshproofError MP-202 when a node does not answer, MP-611 when a file cannot be read.
 */
export const collectSamples = async (lab: Lab, probes: Probe[], signal: AbortSignal): Promise<Samples[]> => {
  const files = (
    await Promise.all(lab.clusters.map(async ({ name }) => filesOf(await inNode(lab.runId, name, read, signal))))
  ).flat()
  return probes.map((probe) => {
    const parse = probe.kind === 'stream' ? parseStream : parseRequests
    const samples = files.filter(({ file }) => file === fileOf(probe)).flatMap(({ pod, text }) => parse(pod, text))
    return { probe, samples: samples.sort((one, other) => one.startedAt - other.startedAt) }
  })
}

/**
 * How many requests each probe of a lab has an account of so far; of a long answer, how often it ended. @throws
 * MeshproofError MP-202 when a node does not answer.
 */
export const countRequests = async (lab: Lab, probes: Probe[], signal: AbortSignal): Promise<number[]> => {
  const told = (await Promise.all(lab.clusters.map(({ name }) => inNode(lab.runId, name, count, signal)))).join('\n')
  return probes.map((probe) => countIn(told, fileOf(probe)))
}

/** What a node counted in the files of one name, whichever pods wrote them. */
export const countIn = (told: string, file: string): number =>
  told.split('\n').reduce((sum, line) => sum + Number(line.split(`/${file}:`)[1] ?? 0), 0)

/** The files of a node’s answer, with the pods that wrote them. */
export const filesOf = async (answer: string): Promise<{ pod: string; file: string; text: string }[]> => {
  if (answer === '') return []
  const told = (await promisify(gunzip)(Buffer.from(answer, 'base64'))).toString()
  return told
    .split(separator)
    .slice(1)
    .map((piece) => {
      const end = piece.indexOf('\n')
      const [pod = '', file = ''] = piece.slice(0, end).split('/')
      return { pod, file, text: piece.slice(end + 1) }
    })
}
