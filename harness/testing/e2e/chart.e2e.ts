import { execa } from 'execa'
import type { V1ConfigMap, V1CronJob, V1Deployment, V1Job, V1PodTemplateSpec } from '@kubernetes/client-node'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parse } from 'yaml'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readArguments } from '#cli/arguments.ts'
import { Pod } from '#commands/matrix/for-kubernetes.ts'
import { harnessImage } from '#images/source/harness-image.ts'
import type { Manifest } from '#kube/client.ts'
import { allValues, chartFolder, helmProgram, renderedChart, rolesOf } from './chart.ts'
import { rightsOf } from './rights.ts'

let helm: string
let objects: Manifest[]
beforeAll(async () => {
  helm = await helmProgram()
  objects = await renderedChart(helm, ...allValues)
})

const render = (...flags: string[]): Promise<Manifest[]> => renderedChart(helm, ...flags)
const kinds = (manifests: readonly Manifest[]): string[] =>
  manifests.map(({ kind, metadata }) => `${kind} ${metadata?.name}`).sort()
const templateOf = (manifest: Manifest): V1PodTemplateSpec | undefined =>
  (manifest as Partial<V1CronJob>).spec?.jobTemplate?.spec?.template ??
  (manifest as Partial<V1Job | V1Deployment>).spec?.template
const podsOf = (manifests: readonly Manifest[]): { name: string; template: V1PodTemplateSpec }[] =>
  manifests.flatMap((manifest) => {
    const template = templateOf(manifest)
    return template ? [{ name: manifest.metadata?.name ?? '', template }] : []
  })
const argsOf = (manifests: readonly Manifest[], name: string): string[] =>
  podsOf(manifests).find((pod) => pod.name === name)?.template.spec?.containers[0]?.args ?? []

const Job = z.looseObject({ spec: z.looseObject({ template: z.looseObject({ spec: Pod }) }) })
const Alert = z.object({ alert: z.string(), for: z.string().default('') })
const sort = (named: { name: string }[]): unknown =>
  named.sort((first, second) => first.name.localeCompare(second.name))

describe('the chart', () => {
  test.each([[[]], [allValues], [['--set=contexts={in-cluster}', '--set=istioNamespace=mesh']]])(
    'has no fault that helm lint sees: %s',
    async (flags) => {
      const { exitCode, all } = await execa(helm, ['lint', '--strict', chartFolder, ...flags], {
        all: true,
        reject: false,
      })
      expect(exitCode, all).toBe(0)
    },
  )

  test.each([
    ['--set=contexts=in-cluster', /contexts.*got string, want array/],
    ['--set=suite.enabled=true', /additional properties 'suite' not allowed/],
    ['--set=diagnosis.schedule=hourly', /diagnosis\/schedule/],
    ['--set=suites.flags={reach.local}', /suites\/flags/],
    ['--set=diagnosis.schedule=null', /missing property 'schedule'/],
    ['--set=istioNamespace=meshproof', /namespace of its own/],
  ])('refuses a wrong value: %s', async (flag, message) => {
    await expect(render(flag)).rejects.toThrow(message)
  })

  test.each(['a.b', '1', 'r'.repeat(43)])('refuses a name of which objects cannot be made: %s', async (name) => {
    await expect(execa(helm, ['template', name, chartFolder])).rejects.toThrow('The name of the release')
  })

  test('takes a context as it is, whatever YAML would make of it', async () => {
    const contexts = ['in-cluster', 'a: b #c', "'x", '{y}']
    const hostile = await render(`--set-json=contexts=${JSON.stringify(contexts)}`)
    expect(argsOf(hostile, 'meshproof-diagnosis')).toContain(`--contexts=${contexts.join(',')}`)
  })

  test('has pods that run on the nodes that are wanted', async () => {
    const placed = await render(
      ...allValues,
      '--set-json=nodeSelector={"kubernetes.io/arch":"amd64"}',
      '--set-json=tolerations=[{"key":"a","operator":"Exists"}]',
      '--set=imagePullSecrets[0].name=x',
    )
    expect(podsOf(placed)).toHaveLength(3)
    for (const { template } of podsOf(placed))
      expect(template.spec).toMatchObject({
        nodeSelector: { 'kubernetes.io/arch': 'amd64' },
        tolerations: [{ key: 'a', operator: 'Exists' }],
        imagePullSecrets: [{ name: 'x' }],
      })
  })

  test('has no alert on a diagnosis where none runs, and limits as whole numbers', async () => {
    const alertsOf = async (...flags: string[]): Promise<z.infer<typeof Alert>[]> => {
      const rule = (await render(...allValues, ...flags)).find(({ kind }) => kind === 'PrometheusRule')
      return z
        .object({ spec: z.object({ groups: z.array(z.object({ rules: z.array(Alert) })) }) })
        .parse(rule)
        .spec.groups.flatMap(({ rules }) => rules)
    }
    const withoutDiagnosis = await alertsOf('--set=diagnosis.enabled=false')
    expect(withoutDiagnosis.map(({ alert }) => alert)).toEqual(['MeshproofSuitesFailed'])
    const patient = await alertsOf('--set=metrics.rules.noResultSeconds=1000000')
    expect(patient.find(({ alert }) => alert === 'MeshproofDiagnosisMissing')?.for).toBe('1000000s')
  })

  test('without contexts grants rights and starts nothing', async () => {
    const granting = await render('--set=suites.enabled=true', '--set=metrics.enabled=true')
    expect(podsOf(granting)).toEqual([])
    expect(kinds(granting)).toEqual([
      'ClusterRole meshproof',
      'ClusterRole meshproof-diagnosis',
      'ClusterRoleBinding meshproof',
      'ClusterRoleBinding meshproof-diagnosis',
      'Role meshproof',
      'Role meshproof',
      'Role meshproof-diagnosis',
      'RoleBinding meshproof',
      'RoleBinding meshproof',
      'RoleBinding meshproof-diagnosis',
      'ServiceAccount meshproof',
      'ServiceAccount meshproof-diagnosis',
      'ValidatingAdmissionPolicy meshproof',
      'ValidatingAdmissionPolicyBinding meshproof',
    ])
  })

  test('diagnoses by default, and does not run the checks', async () => {
    expect(podsOf(await render('--set=contexts={in-cluster,cluster2}')).map(({ name }) => name)).toEqual([
      'meshproof-diagnosis',
    ])
  })

  test('has pods of this version’s image, which ask what the harness takes', () => {
    expect(
      podsOf(objects)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['meshproof-diagnosis', 'meshproof-metrics', 'meshproof-suites'])
    for (const { template } of podsOf(objects)) expect(template.spec?.containers[0]?.image).toBe(harnessImage)
    expect(readArguments(argsOf(objects, 'meshproof-diagnosis'), {})).toMatchObject({
      command: 'diagnose',
      options: { contexts: ['in-cluster', 'cluster2'], results: 'configmap:meshproof/meshproof-diagnosis' },
    })
    expect(readArguments(argsOf(objects, 'meshproof-suites'), {})).toMatchObject({
      command: 'test',
      options: { contexts: ['in-cluster', 'cluster2'], results: 'configmap:meshproof' },
    })
    expect(readArguments(argsOf(objects, 'meshproof-metrics'), {})).toEqual({
      command: 'metrics',
      options: { folders: ['/results/diagnosis', '/results/suites'] },
    })
  })

  test('has pods that keep to Kubernetes’ restricted standard and get no sidecar', () => {
    for (const { template } of podsOf(objects)) {
      expect(template.metadata?.labels).toMatchObject({ 'sidecar.istio.io/inject': 'false' })
      expect(template.spec?.securityContext).toMatchObject({
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      })
      expect(template.spec?.containers[0]?.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    }
  })

  test('has the accounts that pods use; diagnosis may write its own results, and change nothing else', () => {
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata?.name)
    for (const { template } of podsOf(objects)) {
      const { serviceAccountName, automountServiceAccountToken } = template.spec ?? {}
      if (automountServiceAccountToken !== false) expect(accounts).toContain(serviceAccountName)
    }
    const roles = rolesOf(objects, 'meshproof-diagnosis')
    const rights = rightsOf(roles).map(({ name }) => name)
    // Those of the Gateway API: the diagnosis says nothing where it may not read them.
    expect(rights).toContain('list gateways')
    const changing = rights.filter((name) => !/^(get|list) /.test(name))
    expect(changing.sort()).toEqual([
      'create configmaps in meshproof',
      'create pods/exec in istio-system',
      'create pods/portforward',
      'patch configmaps in meshproof',
    ])
    expect(roles.find(({ metadata }) => metadata?.namespace === 'meshproof')).toMatchObject({
      rules: [{ resources: ['configmaps'], resourceNames: ['meshproof-diagnosis'] }],
    })
  })

  test('mounts the kubeconfig of a Secret where a context needs one', async () => {
    const secretsOf = (manifests: readonly Manifest[]): string[] =>
      podsOf(manifests).flatMap(({ template }) =>
        (template.spec?.volumes ?? []).flatMap(({ secret }) => secret?.secretName ?? []),
      )
    expect(secretsOf(objects).sort()).toEqual(['meshproof-diagnosis-kubeconfig', 'meshproof-kubeconfig'])
    expect(secretsOf(await render(...allValues, '--set=contexts={in-cluster}'))).toEqual([])
    const named = await render(...allValues, '--set=diagnosis.kubeconfigSecret=a', '--set=suites.kubeconfigSecret=b')
    expect(secretsOf(named).sort()).toEqual(['a', 'b'])
  })

  test('has the root namespace of Istio where a mesh has another', async () => {
    const elsewhere = await render(...allValues, '--set=istioNamespace=mesh-system')
    expect(JSON.stringify(elsewhere.filter(({ kind }) => kind !== 'Job' && kind !== 'CronJob'))).not.toContain(
      'istio-system',
    )
    for (const name of ['meshproof-diagnosis', 'meshproof-suites'])
      expect(argsOf(elsewhere, name)).toContain('--istio-namespace=mesh-system')
  })

  test('gives the Job of the checks the same pod as the Job of cells', async () => {
    const suites = Job.parse(objects.find(({ kind }) => kind === 'Job'))
    const cells = Job.parse(parse(await readFile(resolve(chartFolder, '../manifests/cells-job.yaml'), 'utf8')))
    const [container] = suites.spec.template.spec.containers
    expect(container?.['imagePullPolicy']).toBe('IfNotPresent')
    delete container?.['imagePullPolicy']
    for (const { template } of [suites.spec, cells.spec]) {
      for (const { env, volumeMounts } of template.spec.containers) for (const named of [env, volumeMounts]) sort(named)
      sort(template.spec.volumes)
      delete template['metadata']
    }
    expect(suites.spec).toEqual(cells.spec)
  })

  test('has a dashboard that Grafana’s sidecar finds', () => {
    const map = objects.find(({ metadata }) => metadata?.name === 'meshproof-dashboard') as V1ConfigMap
    expect(map.metadata?.labels).toMatchObject({ grafana_dashboard: '1' })
    expect(JSON.parse(map.data?.['meshproof.json'] ?? '')).toMatchObject({ uid: 'meshproof' })
  })
})
