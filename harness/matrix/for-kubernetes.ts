import { stringify } from 'yaml'
import type { Cell } from './cells.ts'
import { cellContainer, podOf } from './pod-of-cells.ts'

const name = 'meshproof-cells'

/**
 * The cells as an Indexed Job, whose pods find theirs by their index, and the document that they find it in. A pod that ends without a
 * verdict is tried again; one whose mesh failed a check is not. `queue` is a Kueue queue, which lets a suspended Job go on (kueue.sigs.k8s.io,
 * “Run A Kubernetes Job”).
 */
export const forKubernetes = (cells: readonly Cell[], { queue, image }: { queue?: string | undefined; image?: string | undefined }): string => {
  const asked = (flag: string): boolean => cells.some(({ args }) => args.some((arg) => arg.startsWith(`--${flag}=`)))
  const onOneMesh = asked('contexts')
  const objects = [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { 'cells.json': `${JSON.stringify({ cells }, null, 2)}\n` } },
    {
      apiVersion: 'batch/v1', kind: 'Job', metadata: { name, ...(queue === undefined ? {} : { labels: { 'kueue.x-k8s.io/queue-name': queue } }) },
      spec: {
        ...(queue === undefined ? {} : { suspend: true }),
        completionMode: 'Indexed', completions: cells.length,
        // Cells that ask one and the same mesh go one after the other.
        parallelism: onOneMesh ? 1 : cells.length,
        backoffLimitPerIndex: 2,
        podFailurePolicy: { rules: [
          { action: 'FailIndex', onExitCodes: { containerName: cellContainer, operator: 'In', values: [1] } },
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
        ] },
        // A run that is told to end removes what it made; until it has, none follows.
        podReplacementPolicy: 'Failed',
        template: { metadata: { labels: { 'sidecar.istio.io/inject': 'false' } }, spec: podOf({ image, configMap: name, lab: !onOneMesh, kept: asked('results') }) },
      },
    },
  ]
  return objects.map((object) => stringify(object, { lineWidth: 0 })).join('---\n')
}
