import type { KubernetesObject, V1CustomResourceDefinition } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import type { KubeClient } from './client.ts'
import { askForDefinedKinds } from './defined-kinds.ts'

const definition = (plural: string, kind: string, versions: [name: string, served: boolean][]): KubernetesObject =>
  ({
    metadata: { name: `${plural}.example.com` },
    spec: { group: 'example.com', names: { kind }, versions: versions.map(([name, served]) => ({ name, served })) },
  }) as V1CustomResourceDefinition

/** What was asked for of an API server with these definitions, which knows none of their objects yet. */
const asked = async (applied: string[], definitions?: KubernetesObject[]): Promise<string[]> => {
  const questions: string[] = []
  const list = (async ({ apiVersion, kind }: { apiVersion: string; kind: string }) => {
    questions.push(`${apiVersion} ${kind}`)
    if (kind === 'CustomResourceDefinition' && definitions) return definitions
    throw new Error('storage is (re)initializing')
  }) as KubeClient['list']
  await askForDefinedKinds({ list }, applied)
  return questions
}

const gateways = definition('gateways', 'Gateway', [
  ['v1alpha1', false],
  ['v1', true],
])
const definedBefore = definition('sidecars', 'Sidecar', [['v1', true]])
const applied = ['customresourcedefinition.apiextensions.k8s.io/gateways.example.com', 'deployment.apps/istiod']

test('each kind that was just defined is asked for once, in a version that is served', async () => {
  expect(await asked(applied, [gateways, definedBefore])).toEqual([
    'apiextensions.k8s.io/v1 CustomResourceDefinition',
    'example.com/v1 Gateway',
  ])
})

test('nothing is asked where nothing was defined, and an API server that does not answer is no error', async () => {
  expect(await asked(['deployment.apps/istiod'], [gateways])).toEqual([])
  expect(await asked(applied)).toEqual(['apiextensions.k8s.io/v1 CustomResourceDefinition'])
})
