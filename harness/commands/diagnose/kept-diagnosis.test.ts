import { expect, test } from 'vitest'
import { MeshproofError } from '#errors.ts'
import { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { configMapIn } from '#run/own-config-map.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { keptDiagnosis, keptFailure } from './kept-diagnosis.ts'

const at = Date.UTC(2026, 10, 1)
const place = { namespace: 'meshproof', name: 'meshproof-diagnosis' }

test('a diagnosis is kept as a whole, with what one wants to know at a glance in words', () => {
  const cause = { layer: 'gateways', code: 'MP-887', where: 'cluster2' } as const
  const diagnosis = diagnosisWith([cause], cause)
  const { component, data } = keptDiagnosis({ at, diagnosis, certificates: [] })
  expect(component).toBe('diagnosis')
  expect(data).toMatchObject({
    verdict: 'broken',
    exitCode: '1',
    summary: expect.stringContaining('first broken layer: gateways'),
    'metrics.prom': expect.stringContaining('meshproof_diagnosis_verdict{verdict="broken"} 1'),
  })
  expect(MeshDiagnosis.parse(JSON.parse(data['diagnosis.json'] ?? ''))).toEqual(diagnosis)
})

test('a diagnosis that could not begin takes the place of the one before it', async () => {
  const kube = Object.assign(fakeKube(), {
    dryRun: <Review>(): Promise<Review> => Promise.resolve({ status: { allowed: true } } as Review),
  })
  const write = await configMapIn(kube, place, { name: 'job', uid: '1' })
  await write(keptDiagnosis({ at, diagnosis: diagnosisWith([]), certificates: [] }))
  await write(keptFailure(at, new MeshproofError('MP-117', { what: 'The cluster cannot be looked at', next: '' })))
  expect(kube.objects).toMatchObject([
    {
      metadata: { ...place, ownerReferences: [{ kind: 'Job', uid: '1' }] },
      data: { verdict: 'not-judged', exitCode: '2', summary: expect.stringContaining('MP-117') },
    },
  ])
})
