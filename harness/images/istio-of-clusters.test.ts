import { describe, expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { controlPlaneOf, gatewayOf } from '#istio/installation.ts'
import { operatorOf } from '#istio/operator.ts'
import { labOf } from '#lab/lab.ts'
import { environmentOf } from '#run/environment.ts'
import { istioOfClusters, istioVersions } from './istio-of-clusters.ts'
import { resolveImageSource } from './versions.ts'

test('a version for each cluster is told from a version of all', () => {
  expect(istioOfClusters('cluster1:1.31, cluster2:1.30')).toEqual({ cluster1: '1.31', cluster2: '1.30' })
  expect([istioOfClusters('1.31'), istioOfClusters(undefined)]).toEqual([undefined, undefined])
  expect(istioVersions('cluster1:1.31,cluster2:1.30')).toEqual(['1.31', '1.30'])
  expect(istioVersions('cluster1:1.31,cluster2:1.31')).toEqual(['1.31'])
  expect([istioVersions('1.31'), istioVersions(undefined)]).toEqual([['1.31'], []])
})

describe('the images of two releases', () => {
  test.each([
    ['cluster1:1.31,cluster2:1.30', 'source'],
    ['cluster1:1.31.2,cluster2:1.30.4', 'release'],
  ])('of %s come from %s', async (istio, source) => {
    expect(await resolveImageSource({ images: 'auto', istio })).toBe(source)
  })

  test('are refused where no source has both, or one does not support that Kubernetes', async () => {
    expect(await errorOf(resolveImageSource({ images: 'auto', istio: 'cluster1:1.31,cluster2:1.30.4' }))).toMatchObject(
      { code: 'MP-107' },
    )
    expect(await errorOf(resolveImageSource({ images: 'auto', istio: 'cluster1:1.31,cluster2:1.2x' }))).toMatchObject({
      code: 'MP-101',
    })
    expect(
      await errorOf(
        resolveImageSource({ images: 'auto', istio: 'cluster1:1.30.4,cluster2:1.29.2', kubernetes: '1.36.0' }),
      ),
    ).toMatchObject({ code: 'MP-153' })
  })
})

test('each cluster is installed by the istioctl of its release, with its images', async () => {
  const { runId, topology, images } = await idleLab('multi-primary')
  const mixed = {
    ...images,
    ofClusters: {
      cluster1: { istioctl: '/new/istioctl', tag: '1.31-dev', envoy: '1.39.3' },
      cluster2: { istioctl: '/old/istioctl', tag: '1.30-dev', envoy: '1.38.3' },
    },
  }
  const lab = labOf(runId, topology, mixed)
  expect(lab.clusters.map(({ istioctl }) => istioctl)).toEqual(['/new/istioctl', '/old/istioctl'])
  for (const { name, tag } of [
    { name: 'cluster1', tag: '1.31-dev' },
    { name: 'cluster2', tag: '1.30-dev' },
  ]) {
    const cluster = lab.cluster(name)
    expect(operatorOf(controlPlaneOf(cluster, lab, {}))).toMatchObject({ tag })
    expect(operatorOf(gatewayOf(cluster, lab, true))).toMatchObject({ tag })
  }
  expect(await environmentOf(undefined, { ...mixed, kind: 'true' })).toMatchObject({
    istio: 'cluster1 1.31-dev, cluster2 1.30-dev',
    envoy: 'cluster1 1.39.3, cluster2 1.38.3',
  })
})
