import { z } from 'zod'

const Named = z.looseObject({ name: z.string() })

/** What of a pod the cells change. */
export const Pod = z.looseObject({ containers: z.array(z.looseObject({ env: z.array(Named), volumeMounts: z.array(Named) })), volumes: z.array(Named) })
export type Pod = z.infer<typeof Pod>

/** What pods of cells are given: their image, if it is another than that of the suites; where the cells are; whether these make labs, and whether results are kept elsewhere (`--results`). */
export type CellPods = { image: string | undefined; configMap: string; labs: boolean; kept: boolean }

/**
 * The pod of the suites as one that performs a cell, with its reports in a folder of the Job’s own: a Job that is made again asks again. They
 * go to the claim `meshproof-reports`, unless they are kept elsewhere. A pod that makes a lab has an engine to start, so it is privileged
 * and has room for the lab, but no access to the cluster it runs in.
 */
export const podOfCells = (pod: Pod, { image, configMap, labs, kept }: CellPods): Pod => {
  const asOfSuites = pod.volumes.filter(({ name }) => kept || name !== 'work').filter(({ name }) => !labs || name !== 'kubeconfig')
  const volumes = [
    ...asOfSuites, { name: 'cells', configMap: { name: configMap } },
    ...(kept ? [] : [{ name: 'work', persistentVolumeClaim: { claimName: 'meshproof-reports' } }]), ...(labs ? [{ name: 'engine', emptyDir: {} }] : []),
  ]
  const containers = pod.containers.map((container) => ({
    ...container, ...(image === undefined ? {} : { image }),
    args: ['cell', '--cells=/etc/meshproof/cells/cells.json', '--report-dir=/meshproof/reports/$(JOB_UID)'],
    volumeMounts: [...container.volumeMounts, ...own].filter((mount) => volumes.some(({ name }) => name === mount.name)),
    ...(labs ? { resources: { requests: { cpu: '2', memory: '6Gi' } }, securityContext: { privileged: true, runAsUser: 0 }, env: container.env.filter(({ name }) => name !== 'KUBECONFIG') } : {}),
  }))
  if (!labs) return { ...pod, containers, volumes }
  const rest = Object.fromEntries(Object.entries(pod).filter(([key]) => !['serviceAccountName', 'securityContext'].includes(key)))
  return { ...rest, automountServiceAccountToken: false, containers, volumes }
}

const own = [{ name: 'cells', mountPath: '/etc/meshproof/cells', readOnly: true }, { name: 'engine', mountPath: '/var/lib/docker' }]
