import { describe, expect, test, vi } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { refOf, type Manifest } from './client.ts'
import { putInPlace, takeAway } from './put-in-place.ts'

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'helloworld', namespace: 'app1', labels: { app: 'helloworld' }, annotations: { note: 'kept' } },
  spec: { ports: [{ name: 'http', port: 5000 }] },
}
const changed: Manifest = {
  ...service,
  metadata: { name: 'helloworld', namespace: 'app1' },
  spec: { ports: [{ name: 'http-web', port: 5000 }] },
}
const cacerts: Manifest = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'cacerts', namespace: 'istio-system' },
  type: 'Opaque',
  data: { 'root-cert.pem': 'b2xk' },
}
const range: Manifest = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'ServiceCIDR',
  metadata: { name: 'second-range' },
  spec: { cidrs: ['10.251.255.0/24'] },
}

describe('what is put in place', () => {
  test('is replaced by the previous object on undo, without fields of the server', async () => {
    const kube = fakeKube(service, cacerts)
    const undo = await putInPlace(kube, [changed, { ...cacerts, data: { 'root-cert.pem': 'bmV3' } }])
    expect(kube.objects).toEqual([changed, { ...cacerts, data: { 'root-cert.pem': 'bmV3' } }])
    await undo()
    expect(kube.objects).toEqual([service, cacerts])
  })

  test('is deleted on undo where nothing existed, and nothing else is', async () => {
    const kube = fakeKube(cacerts)
    const undo = await putInPlace(kube, [range, service])
    expect(kube.objects).toEqual([cacerts, range, service])
    await undo()
    expect(kube.objects).toEqual([cacerts])
  })

  test('is undone in reverse order', async () => {
    const kube = fakeKube()
    const removed = vi.spyOn(kube, 'remove')
    const undo = await putInPlace(kube, [service, range])
    await undo()
    expect(removed.mock.calls.map(([{ kind }]) => kind)).toEqual(['ServiceCIDR', 'Service'])
  })

  test('is undone at once where a part of it is refused', async () => {
    const kube = fakeKube(service)
    kube.refused.add('Secret')
    expect(await errorOf(putInPlace(kube, [changed, range, cacerts]))).toMatchObject({
      code: 'MP-402',
      message: expect.stringContaining('Secret'),
    })
    expect(kube.objects).toEqual([service])
  })
})

describe('what is taken away', () => {
  test.each<[string, Manifest]>([
    ['of a namespace', service],
    ['of none', range],
  ])('is restored without fields of the server: an object %s', async (_which, object) => {
    const kube = fakeKube(object, cacerts)
    const undo = await takeAway(kube, refOf(object))
    expect(kube.objects).toEqual([cacerts])
    await undo()
    expect(kube.objects).toEqual([cacerts, object])
  })

  test('is not created on undo where it did not exist', async () => {
    const kube = fakeKube(cacerts)
    const undo = await takeAway(kube, refOf(service))
    await undo()
    expect(kube.objects).toEqual([cacerts])
  })
})
