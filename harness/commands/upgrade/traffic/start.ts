import { MeshproofError } from '#errors.ts'
import { differences } from '#images/differences.ts'
import type { Manifest } from '#kube/client.ts'
import { refOf } from '#kube/client.ts'
import { settled } from '#kube/roll-out.ts'
import { until } from '#kube/until.ts'
import { inNode } from '#lab/kind.ts'
import { labNamespaces } from '#istio/workloads.ts'
import { accountsFolder, collectWritten, countRequests } from './collect.ts'
import { proberDeployments, probeRules, probersIn, targetsIn } from './manifests.ts'
import { shareOf, usageIn } from './overhead.ts'
import { planProbes } from './plan-probes.ts'
import type { Sample, Samples, StartProbing } from './probing.ts'

/**
 * Deploys targets, then clients, and waits until each probe’s latest sample is what the probe expects.
 * @throws MeshproofError MP-401 when a pod does not get ready, MP-610 when a probe gets no such sample within a minute.
 */
export const startProbing: StartProbing = async (lab, signal) => {
  const { streams } = differences[lab.images.source]
  const probes = planProbes({ mtls: lab.topology.mtls, clusters: lab.clusters, streams })
  const placed: (() => Promise<void>)[] = []
  const place = async (cluster: string, objects: Manifest[]): Promise<void> => {
    const { kube } = lab.cluster(cluster)
    placed.push(async () => {
      await Promise.all(objects.map((object) => kube.remove(refOf(object))))
    })
    await kube.apply(objects)
  }
  const stop = async (): Promise<void> => {
    for (const remove of placed.splice(0).toReversed()) await remove()
    // Pods that are being deleted continue to write for a moment.
    const removal =
      `for try in $(seq 60); do rm -rf ${accountsFolder} 2> /dev/null && exit; sleep 0.5; done; rm -rf ` +
      accountsFolder
    await Promise.all(lab.clusters.map(({ name }) => inNode(lab.runId, name, removal)))
  }
  const rolledOut = (deployments: (readonly [string, string])[]): Promise<unknown> =>
    Promise.all(
      lab.clusters.flatMap((cluster) =>
        deployments.map(([namespace, name]) => settled(cluster, { namespace, name }, signal)),
      ),
    )
  try {
    await Promise.all(lab.clusters.map(async (cluster) => place(cluster.name, await targetsIn(lab, cluster))))
    await Promise.all(lab.primaries.map(async ({ name }) => place(name, await probeRules(lab))))
    await rolledOut([
      [labNamespaces.mesh, 'probe-target'],
      [labNamespaces.outside, 'probe-target'],
    ])
    await Promise.all(
      lab.clusters.map(async ({ name }) => place(name, await probersIn(name, probes, lab.images.roles['curl'] ?? ''))),
    )
    await rolledOut(
      proberDeployments.filter(({ runs }) => probes.some(runs)).map(({ namespace, name }) => [namespace, name]),
    )
    let late: Samples[] = []
    await until(
      'every probe gets what it expects',
      async () => {
        late = (await collectWritten(lab, probes, signal)).samples.filter(
          ({ probe, samples }) => !asExpected(probe.expects, samples.at(-1)),
        )
        return late.length === 0
      },
      { every: 1000, within: 60_000, signal },
    ).catch((cause: unknown) => {
      if (!(cause instanceof MeshproofError) || cause.code !== 'MP-401' || late.length === 0) throw cause
      throw new MeshproofError('MP-610', {
        what: 'Probes do not get what they expect before anything is changed',
        where: late.map(({ probe }) => probe.id).join(', '),
        why: sampleText(late[0]?.samples.at(-1)),
        next: 'The checks name what is wrong with this mesh: meshproof test on the same lab.',
        cause,
      })
    })
  } catch (error) {
    await stop().catch(() => undefined)
    throw error
  }
  const before = { at: Date.now(), usage: await usageIn(lab, signal) }
  return {
    probes,
    unplanned: streams ? [] : ['long-lived streams: the published helloworld has no long answer'],
    sent: (during) => countRequests(lab, probes, during),
    collect: (during) => collectWritten(lab, probes, during),
    overhead: async (during) => shareOf(before, { usage: await usageIn(lab, during), at: Date.now() }),
    stop,
  }
}

const asExpected = (expects: 'answers' | 'refusal', latest: Sample | undefined): boolean =>
  latest !== undefined &&
  (latest.status === 200 && latest.exit === 0 && latest.error === '') === (expects === 'answers')

const sampleText = (sample: Sample | undefined): string =>
  sample === undefined
    ? 'the probe has written nothing'
    : `status ${sample.status}, curl ${sample.exit}${sample.flags === '' ? '' : `, ${sample.flags}`}: ${sample.error}`
