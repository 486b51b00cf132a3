import ownPackage from '../../package.json' with { type: 'json' }
import type { V1PodSpec, V1Volume, V1VolumeMount } from '@kubernetes/client-node'

/** The container’s name, by which the Job knows its exit code. */
export const cellContainer = 'meshproof'

/**
 * What a pod of cells is made of; `lab` is for cells that make clusters of their own, in an engine that they start themselves, `kept` for
 * those whose results are kept elsewhere (`--results`).
 */
export type PodParts = { image: string | undefined; configMap: string; lab: boolean; kept: boolean }

/**
 * The pod that performs a cell. Its reports go to the claim `meshproof-reports` unless they are kept elsewhere, into a folder of the Job’s
 * own, so that a Job that is made again asks again. What asks an existing mesh has the account `meshproof` and may write nowhere else; what makes a lab is privileged, since
 * it starts an engine, and has room for one of two clusters.
 */
export const podOf = ({ image = `meshproof:${ownPackage.version}`, configMap, lab, kept }: PodParts): V1PodSpec => {
  const places: [V1Volume, V1VolumeMount][] = [
    [{ name: 'cells', configMap: { name: configMap } }, { name: 'cells', mountPath: '/etc/meshproof/cells', readOnly: true }],
    kept ? emptied('reports', '/reports') : [{ name: 'reports', persistentVolumeClaim: { claimName: 'meshproof-reports' } }, { name: 'reports', mountPath: '/reports' }],
    ...(lab ? [emptied('engine', '/var/lib/docker')] : [
      [{ name: 'kubeconfig', secret: { secretName: 'meshproof-kubeconfig', optional: true, defaultMode: 0o440 } }, { name: 'kubeconfig', mountPath: '/etc/meshproof/kubeconfig', readOnly: true }] satisfies [V1Volume, V1VolumeMount],
      emptied('tmp', '/tmp'),
    ]),
  ]
  return {
    restartPolicy: 'Never',
    // A run that is told to end takes down what it made.
    terminationGracePeriodSeconds: 150,
    ...(lab && !kept ? { automountServiceAccountToken: false } : { serviceAccountName: 'meshproof' }),
    ...(lab ? {} : { securityContext: { runAsNonRoot: true, runAsUser: 65532, fsGroup: 65532, seccompProfile: { type: 'RuntimeDefault' } } }),
    containers: [{
      name: cellContainer, image,
      args: ['cell', '--cells=/etc/meshproof/cells/cells.json', '--report-dir=/reports/$(JOB_UID)'],
      env: [
        { name: 'JOB_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.labels[\'batch.kubernetes.io/job-name\']' } } },
        { name: 'JOB_UID', valueFrom: { fieldRef: { fieldPath: 'metadata.labels[\'batch.kubernetes.io/controller-uid\']' } } },
        ...(lab ? [] : [{ name: 'KUBECONFIG', value: '/etc/meshproof/kubeconfig/config' }]),
      ],
      resources: { requests: lab ? { cpu: '2', memory: '6Gi' } : { cpu: '100m', memory: '256Mi' } },
      securityContext: lab ? { privileged: true, runAsUser: 0 } : { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      volumeMounts: places.map(([, mount]) => mount),
    }],
    volumes: places.map(([volume]) => volume),
  }
}

const emptied = (name: string, mountPath: string): [V1Volume, V1VolumeMount] => [{ name, emptyDir: {} }, { name, mountPath }]
