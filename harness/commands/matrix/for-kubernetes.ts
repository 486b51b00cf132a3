import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { Cell } from '#results/cells.ts'

const Named = z.looseObject({ name: z.string() })

/** The part of a pod that cells change. */
export const Pod = z.looseObject({
  containers: z.array(z.looseObject({ env: z.array(Named), volumeMounts: z.array(Named) })),
  volumes: z.array(Named),
})

export type Pod = z.infer<typeof Pod>

const manifest = join(import.meta.dirname, '../../../fixtures/manifests/cells-job.yaml')
const Job = z.looseObject({
  metadata: z.object({ namespace: z.string() }),
  spec: z.looseObject({ activeDeadlineSeconds: z.number(), template: z.looseObject({ spec: Pod }) }),
})
const cellsName = 'meshproof-cells'

/**
 * The cells as an Indexed Job, and a ConfigMap with the cells, in YAML. Each pod finds its cell by its index. The rest
 * is the Job of fixtures/manifests. A Job that makes labs names no namespace, since it needs nothing of the suites’
 * namespace. `queue` is a Kueue queue: the Job is created suspended, and Kueue resumes it (kueue.sigs.k8s.io, “Run A
 * Kubernetes Job”).
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
  const everyCellHas = (flag: string): boolean =>
    cells.every(({ args }) => args.some((arg) => arg.startsWith(`--${flag}=`)))
  const labs = !everyCellHas('contexts')
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
        // Cells that test the same mesh run one after the other.
        parallelism: labs ? cells.length : 1,
        activeDeadlineSeconds: spec.activeDeadlineSeconds * cells.length,
        template: {
          ...spec.template,
          spec: podOfCells(spec.template.spec, { image, configMap: cellsName, labs, kept: everyCellHas('results') }),
        },
      },
    },
  ]
    .map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join('---\n')
}

/**
 * What differs in the pods of cells: their image, if it is not that of the suites; the ConfigMap with the cells;
 * whether cells make labs (`labs`); whether results are kept elsewhere (`kept`, by `--results`).
 */
type CellPods = { image: string | undefined; configMap: string; labs: boolean; kept: boolean }

/**
 * Turns the pod of the suites into a pod that performs a cell. The reports go to a folder named after the Job, so that
 * a new Job runs its cells again. That folder is in the claim `meshproof-reports`, unless results are kept elsewhere. A
 * pod that makes a lab starts a container engine: it is privileged, requests resources for the lab, and has no access
 * to the API of the cluster it runs in.
 */
const podOfCells = (pod: Pod, { image, configMap, labs, kept }: CellPods): Pod => {
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
