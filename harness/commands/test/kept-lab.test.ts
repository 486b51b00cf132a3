import { expect, test } from 'vitest'
import { imagesByName, type Images } from '#images/images.ts'
import { saveRun, type RunState } from '#lab/run-state.ts'
import { makePlans } from '#run/plan.ts'
import { emptyCache, errorOf } from '#testing/edge.ts'
import { keptLab } from './kept-lab.ts'

const state = (id: string, more: Partial<RunState> = {}): RunState => ({
  id,
  topology: 'gateway',
  mtls: 'strict',
  owner: 'host/1/1',
  kept: true,
  ...more,
})
const helm: Images = {
  ...imagesByName('source'),
  helm: { program: 'helm', version: 'v4.3.1', charts: { base: 'base', istiod: 'istiod', gateway: 'gateway' } },
}
const plans = (istioNamespace?: string) => makePlans(['gateway'], [], [], { istioNamespace })

test('the newest kept lab of a topology is found, of its root namespace alone', async () => {
  await emptyCache()
  await saveRun(state('20260101-000000-aaaa'))
  await saveRun(state('20260102-000000-bbbb', { istioNamespace: 'mesh-root' }))
  await saveRun(state('20260103-000000-cccc', { kept: false }))
  expect(await keptLab(true, await plans())).toMatchObject({ id: '20260101-000000-aaaa' })
  expect(await keptLab(true, await plans('mesh-root'))).toMatchObject({ id: '20260102-000000-bbbb' })
  expect(await errorOf(keptLab('20260102-000000-bbbb', await plans()))).toMatchObject({
    code: 'MP-106',
    message: expect.stringContaining('20260101-000000-aaaa, 20260102-000000-bbbb (--istio-namespace=mesh-root)'),
  })
})

test('a kept lab knows its installer: another one is refused, and without a name any is taken', async () => {
  await emptyCache()
  await saveRun(state('20260101-000000-aaaa'))
  await saveRun(state('20260102-000000-bbbb', { images: helm }))
  expect(await keptLab(true, await plans())).toMatchObject({ id: '20260102-000000-bbbb', images: helm })
  expect(await keptLab(true, await plans(), 'istioctl')).toMatchObject({ id: '20260101-000000-aaaa' })
  expect(await errorOf(keptLab('20260101-000000-aaaa', await plans(), 'helm'))).toMatchObject({
    code: 'MP-106',
    message: expect.stringContaining('20260101-000000-aaaa, 20260102-000000-bbbb (--installer=helm)'),
  })
})

test('a kept lab knows its gateways: of another kind it is refused, and without a name any is taken', async () => {
  await emptyCache()
  const gatewayApi = { version: 'v1.6.3', manifests: [] }
  await saveRun(state('20260101-000000-aaaa'))
  await saveRun(state('20260102-000000-bbbb', { images: { ...imagesByName('source'), gatewayApi } }))
  expect(await keptLab(true, await plans())).toMatchObject({ id: '20260102-000000-bbbb', images: { gatewayApi } })
  expect(await keptLab(true, await plans(), undefined, 'classic')).toMatchObject({ id: '20260101-000000-aaaa' })
  expect(await errorOf(keptLab('20260101-000000-aaaa', await plans(), undefined, 'gateway-api'))).toMatchObject({
    code: 'MP-106',
    message: expect.stringContaining('20260102-000000-bbbb (--gateways=gateway-api)'),
  })
})
