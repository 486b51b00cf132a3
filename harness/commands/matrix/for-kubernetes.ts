import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { Cell } from '#results/cells.ts'

const Named = z.looseObject({ name: z.string() })

/** What of a pod the cells change. */
export const Pod = z.looseObject({
  containers: z.array(z.looseObject({ env: z.array(Named), volumeMounts: z.array(Named) })),
  volumes: z.array(Named),
})

export type Pod = z.infer<typeof Pod>

const manifest = join(import.meta.dirname, '../../../fixtures/manifests/suites-job.yaml')
const Job = z.looseObject({
  metadata: z.object({ namespace: z.string() }),
  spec: z.looseObject({ activeDeadlineSeconds: z.number(), template: z.looseObject({ spec: Pod }) }),
})
const cellsName = 'meshproof-cells'

/**
 * The cells as an Indexed Job, whose pods find theirs by their index, and the document that they find it in: otherwise
 * the Job of fixtures/manifests. What makes labs is no part of the namespace that this one runs in. `queue` is a Kueue
 * queue, which lets a suspended Job go on (kueue.sigs.k8s.io, “Run A Kubernetes Job”).
 */
export const forKubernetes = async (
  cells: readonly Cell[],
  { queue, image }: { queue?: string | undefined; image?: string | undefined },
): Promise<string> => {
  const {
    spec,
    metadata: { namespace },
    ...job
  } = Job.parse(parse(await readFile(manifest, 'utf8')))
  const asked = (flag: string): boolean => cells.every(({ args }) => args.some((arg) => arg.startsWith(`--${flag}=`)))
  const labs = !asked('contexts')
  const metadata = { name: cellsName, ...(labs ? {} : { namespace }) }
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'cells.json': `${JSON.stringify({ cells }, null, 2)}\n` },
    },
    {
      ...job,
      metadata: { ...metadata, ...(queue === undefined ? {} : { labels: { 'kueue.x-k8s.io/queue-name': queue } }) },
      spec: {
        ...spec,
        ...(queue === undefined ? {} : { suspend: true }),
        completions: cells.length,
        // Cells that ask one and the same mesh go one after the other.
        parallelism: labs ? cells.length : 1,
        activeDeadlineSeconds: spec.activeDeadlineSeconds * cells.length,
        template: {
          ...spec.template,
          spec: podOfCells(spec.template.spec, { image, configMap: cellsName, labs, kept: asked('results') }),
        },
      },
    },
  ]
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
}

/**
 * What pods of cells are given: their image, if it is another than that of the suites; where the cells are; whether
 * these make labs, and whether results are kept elsewhere (`--results`).
 */
export type CellPods = { image: string | undefined; configMap: string; labs: boolean; kept: boolean }

/**
 * The pod of the suites as one that performs a cell, with its reports in a folder of the Job’s own: a Job that is
 * made again asks again. They go to the claim `meshproof-reports`, unless they are kept elsewhere. A pod that makes a
 * lab has an engine to start, so it is privileged and has room for the lab, but no access to the cluster it runs in.
 */
export const podOfCells = (pod: Pod, { image, configMap, labs, kept }: CellPods): Pod => {
  const asOfSuites = pod.volumes
    .filter(({ name }) => kept || name !== 'work')
    .filter(({ name }) => !labs || name !== 'kubeconfig')
  const volumes = [
    ...asOfSuites,
    { name: 'cells', configMap: { name: configMap } },
    ...(kept ? [] : [{ name: 'work', persistentVolumeClaim: { claimName: 'meshproof-reports' } }]),
    ...(labs ? [{ name: 'engine', emptyDir: {} }] : []),
  ]
  const containers = pod.containers.map((container) => ({
    ...container,
    ...(image === undefined ? {} : { image }),
    args: ['cell', '--cells=/etc/meshproof/cells/cells.json', '--report-dir=/meshproof/reports/$(JOB_UID)'],
    volumeMounts: [...container.volumeMounts, ...cellMounts].filter((mount) =>
      volumes.some(({ name }) => name === mount.name),
    ),
    ...(labs
      ? {
          resources: { requests: { cpu: '2', memory: '6Gi' } },
          securityContext: { privileged: true, runAsUser: 0 },
          env: container.env.filter(({ name }) => name !== 'KUBECONFIG'),
        }
      : {}),
  }))
  if (!labs) return { ...pod, containers, volumes }
  const rest = Object.fromEntries(
    Object.entries(pod).filter(([key]) => !['serviceAccountName', 'securityContext'].includes(key)),
  )
  return { ...rest, automountServiceAccountToken: false, containers, volumes }
}

const cellMounts = [
  { name: 'cells', mountPath: '/etc/meshproof/cells', readOnly: true },
  { name: 'engine', mountPath: '/var/lib/docker' },
]
