import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nothingMore } from '#testing/admission.ts'
import { existingTarget } from './existing-target.ts'

test('the checks get each cluster as the survey found it, with where others enter it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-target-'))
  try {
    const kubeconfig = join(folder, 'config')
    const names = ['east', 'west']
    await writeFile(
      kubeconfig,
      JSON.stringify({
        clusters: names.map((name) => ({ name, cluster: { server: `https://${name}.example` } })),
        users: [{ name: 'me', user: {} }],
        contexts: names.map((name) => ({ name, context: { cluster: name, user: 'me' } })),
      }),
    )
    const cluster = {
      name: 'cluster1',
      network: 'network1',
      role: 'primary' as const,
      version: 'v1' as const,
      discovery: 'istiod.istio-system.svc:15012',
      gateway: { service: { apiVersion: 'v1', kind: 'Service', name: 'eastwest' }, selector: 'istio=eastwest' },
      entrances: [
        { address: '192.0.2.9', port: 8443 },
        { address: '192.0.2.10', port: 15443 },
      ],
    }
    const target = existingTarget({
      name: 'multi-primary',
      procedure: 'multi-primary',
      mtls: 'strict',
      clusters: names.map((context) => ({ ...cluster, context, injection: {}, trustDomain: 'mesh.example' })),
      kubeconfig,
      istioNamespace: 'istio-system',
      trustDomain: 'cluster.local',
      domain: 'cluster.local',
      withheld: {},
      admission: nothingMore,
      since: new Date().toISOString(),
    })
    expect(target.clusters).toMatchObject([cluster, cluster])
    expect(target.clusters[0]?.trustDomain).toBe('mesh.example')
  } finally {
    await rm(folder, { recursive: true })
  }
})
