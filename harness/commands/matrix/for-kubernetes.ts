import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { Cell } from '#results/cells.ts'
import { Pod, podOfCells } from './pod-of-cells.ts'

const manifest = join(import.meta.dirname, '../../../fixtures/manifests/suites-job.yaml')
const Job = z.looseObject({ metadata: z.object({ namespace: z.string() }), spec: z.looseObject({ activeDeadlineSeconds: z.number(), template: z.looseObject({ spec: Pod }) }) })
const name = 'meshproof-cells'

/**
 * The cells as an Indexed Job, whose pods find theirs by their index, and the document that they find it in: otherwise the Job of
 * fixtures/manifests. What makes labs is no part of the namespace that this one runs in. `queue` is a Kueue queue, which lets a suspended
 * Job go on (kueue.sigs.k8s.io, “Run A Kubernetes Job”).
 */
export const forKubernetes = async (cells: readonly Cell[], { queue, image }: { queue?: string | undefined; image?: string | undefined }): Promise<string> => {
  const { spec, metadata: { namespace }, ...job } = Job.parse(parse(await readFile(manifest, 'utf8')))
  const asked = (flag: string): boolean => cells.every(({ args }) => args.some((arg) => arg.startsWith(`--${flag}=`)))
  const labs = !asked('contexts')
  const metadata = { name, ...(labs ? {} : { namespace }) }
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'cells.json': `${JSON.stringify({ cells }, null, 2)}\n` } },
    {
      ...job, metadata: { ...metadata, ...(queue === undefined ? {} : { labels: { 'kueue.x-k8s.io/queue-name': queue } }) },
      spec: {
        ...spec, ...(queue === undefined ? {} : { suspend: true }),
        completions: cells.length,
        // Cells that ask one and the same mesh go one after the other.
        parallelism: labs ? cells.length : 1,
        activeDeadlineSeconds: spec.activeDeadlineSeconds * cells.length,
        template: { ...spec.template, spec: podOfCells(spec.template.spec, { image, configMap: name, labs, kept: asked('results') }) },
      },
    },
  ].map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n')
}
