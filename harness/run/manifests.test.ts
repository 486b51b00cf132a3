import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { V1CronJob, V1Job, V1PodTemplateSpec } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import { readArguments } from '#cli/arguments.ts'
import { harnessImage } from '#images/source/harness-image.ts'
import { manifestsOf, type Manifest } from '#kube/client.ts'

const folder = join(import.meta.dirname, '../../fixtures/manifests')
const objects = (
  await Promise.all(
    (await readdir(folder)).map(async (file) => manifestsOf(await readFile(join(folder, file), 'utf8'))),
  )
).flat()

const templateOf = (manifest: Manifest): V1PodTemplateSpec | undefined =>
  (manifest as Partial<V1CronJob>).spec?.jobTemplate?.spec?.template ?? (manifest as Partial<V1Job>).spec?.template
const pods = objects
  .filter(({ kind }) => kind === 'Job' || kind === 'CronJob')
  .map((manifest) => ({ name: manifest.metadata?.name ?? '', template: templateOf(manifest) }))

test('pods are of this version’s image, and ask what the harness takes', () => {
  expect(pods.map(({ name }) => name).sort()).toEqual(['meshproof-diagnosis', 'meshproof-suites'])
  for (const { template } of pods) {
    const [container] = template?.spec?.containers ?? []
    expect(container?.image).toBe(harnessImage)
    expect(readArguments(container?.args ?? [], {})).toMatchObject({
      options: { contexts: ['in-cluster', 'cluster2'] },
    })
  }
})

test('pods keep to Kubernetes’ restricted standard and get no sidecar', () => {
  for (const { template } of pods) {
    expect(template?.metadata?.labels).toMatchObject({ 'sidecar.istio.io/inject': 'false' })
    expect(template?.spec?.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(template?.spec?.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
  }
})

test('accounts that pods use are there, and diagnosis may change nothing', () => {
  const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata?.name)
  for (const { template } of pods) expect(accounts).toContain(template?.spec?.serviceAccountName)
  const rules = objects
    .filter(({ kind = '', metadata }) => kind.endsWith('Role') && metadata?.name === 'meshproof-diagnosis')
    .flatMap(({ rules: granted }) => granted as { resources: string[]; verbs: string[] }[])
  const changing = rules.filter(({ verbs }) => verbs.some((verb) => !['get', 'list'].includes(verb)))
  expect(changing.flatMap(({ resources }) => resources).sort()).toEqual(['pods/exec', 'pods/portforward'])
})
