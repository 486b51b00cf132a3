import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadRecipes } from '#images/source/recipes.ts'
import { rolesOf } from '#images/versions.ts'
import { failingWith, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { createCluster, whyKindFailed } from './kind.ts'
import type { KindCluster } from './kind-config.ts'

const plan = {
  name: 'cluster1',
  role: 'primary',
  network: 'network1',
  podCidr: '10.10.0.0/16',
  serviceCidr: '10.251.0.0/16',
  version: 'v1',
} as const

/** The configurations that kind gets for kubeadm. */
const configurationsWith = async (settings: Partial<KindCluster>): Promise<Record<string, unknown>[]> => {
  const file = join(await scratchFolder(), 'config.yaml')
  await fakeProgram('docker', failingWith('Error: No such object', 1))
  await fakeProgram('kind', `cat > '${file}'`)
  await createCluster(
    {
      runId: '20260101-000000-abcd',
      plan,
      kind: 'kind',
      image: 'node',
      kubernetes: 'v1.34.4',
      kubeconfig: 'none',
      tags: {},
      restricted: false,
      cgroupVersion: '2',
      ...settings,
    },
    AbortSignal.timeout(10_000),
  )
  const { kubeadmConfigPatches } = parse(await readFile(file, 'utf8')) as { kubeadmConfigPatches: string[] }
  return kubeadmConfigPatches.map((patch) => parse(patch) as Record<string, unknown>)
}

/** The cluster configuration among them. */
const configurationWith = async (
  tags: KindCluster['tags'],
  kubernetes = 'v1.34.4',
): Promise<Record<string, unknown>> => {
  const [configuration] = await configurationsWith({ tags, kubernetes })
  return configuration!
}

test('kubeadm uses the tags of the images that were built, not the defaults of its version', async () => {
  const { roles, images } = await loadRecipes('1.33')
  expect(await configurationWith(roles)).toMatchObject({
    etcd: { local: { imageTag: roles['etcd'], extraArgs: { 'unsafe-no-fsync': 'true' } } },
    dns: { imageTag: roles['coredns'] },
  })
  expect(images.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      `registry.k8s.io/etcd:${roles['etcd']}`,
      `registry.k8s.io/coredns/coredns:${roles['coredns']}`,
    ]),
  )
})

test('kubeadm of a published node image uses its default tags', async () => {
  const configuration = await configurationWith(await rolesOf('release'))
  expect(configuration).toMatchObject({ etcd: { local: { extraArgs: { 'unsafe-no-fsync': 'true' } } } })
  expect(configuration['etcd']).not.toHaveProperty('local.imageTag')
  expect(configuration).not.toHaveProperty('dns')
})

test.each([
  ['v1.32.13', { featureGates: { PublicKeysECDSA: true } }],
  ['v1.35.4', { featureGates: { PublicKeysECDSA: true } }],
  ['v1.36.0', { encryptionAlgorithm: 'ECDSA-P256' }],
])('kubeadm of %s makes elliptic keys', async (kubernetes, words) => {
  expect(await configurationWith({}, kubernetes)).toMatchObject(words)
})

test.each([
  ['1', 'v1.34.4', undefined],
  ['1', 'v1.35.4', false],
  ['1', 'v1.36.3', false],
  ['2', 'v1.36.3', undefined],
  ['', 'v1.36.3', undefined],
])('on cgroups of version “%s”, kubelet of %s is told %j', async (cgroupVersion, kubernetes, failCgroupV1) => {
  const settings = (await configurationsWith({ cgroupVersion, kubernetes })).find(
    ({ kind }) => kind === 'KubeletConfiguration',
  )
  expect(settings?.['failCgroupV1']).toBe(failCgroupV1)
})

test('etcd, the API server and kubelet do without RSA keys and without TLS on the loopback', async () => {
  const etcd = 'http://127.0.0.1:2379'
  const configurations = await configurationsWith({})
  expect(configurations[0]).toMatchObject({
    apiServer: { extraArgs: { 'etcd-servers': etcd } },
    etcd: { local: { extraArgs: { 'listen-client-urls': etcd, 'advertise-client-urls': etcd } } },
  })
  expect(configurations).toContainEqual(
    expect.objectContaining({ kind: 'KubeletConfiguration', tlsCertFile: '/etc/kubernetes/pki/apiserver.crt' }),
  )
})

test.each([
  ['v1.32.13', ['preflight', 'kubelet-finalize', 'bootstrap-token', 'show-join-command']],
  ['v1.35.4', ['preflight', 'kubelet-finalize', 'bootstrap-token', 'show-join-command']],
  ['v1.36.3', ['preflight', 'kubelet-finalize', 'show-join-command']],
])('kubeadm of %s leaves out what only other nodes or a long life need', async (kubernetes, skipPhases) => {
  expect(await configurationsWith({ kubernetes })).toContainEqual({ kind: 'InitConfiguration', skipPhases })
})

test.each([
  [
    'the engine’s words',
    'ERROR: failed to create cluster: command "docker run --name a --privileged" failed with error: exit status 125\n' +
      'Command Output: 5d2\ndocker: Error response from daemon: runc create failed: unable to apply caps.\nSee help.',
    'Error response from daemon: runc create failed: unable to apply caps.',
  ],
  [
    'its own, without the arguments of a command',
    'Creating cluster ...\nERROR: failed to create cluster: command "docker exec --privileged a kubeadm init" failed\n',
    'ERROR: failed to create cluster: command "docker exec …" failed',
  ],
  ['its own, where no command failed', 'ERROR: node(s) already exist', 'ERROR: node(s) already exist'],
])('says why kind failed: %s', (_, output, words) => {
  expect(whyKindFailed(output)).toBe(words)
})
