import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Survey } from '#probes/survey/survey.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import type { Shape } from '#testing/mesh-objects.ts'
import { diagnoseMesh, judgeLayer } from './diagnose-mesh.ts'
import { causeOf, type MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { layerLines, verdictLines } from './diagnosis-text.ts'
import { ladder } from './ladder.ts'

const diagnosed = async (first: Shape, second: Shape, forbidden: string[] = []): Promise<MeshDiagnosis> =>
  diagnoseMesh(await surveyOf(first, { ...second, forbidden }), undefined, new AbortController().signal)

const overlapping = [{ podCidr: '10.1.0.0/16' }, { podCidr: '10.1.2.0/24' }] as const

describe('a diagnosis', () => {
  test('looks at every layer, names the lowest broken one as the cause, and lists what follows from it', async () => {
    const unlike = (port: number): Shape => ({
      proxies: ['1.31.0'],
      podCidr: '10.1.0.0/16',
      more: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'shop', namespace: 'shop' },
          spec: { clusterIP: '10.2.0.1', ports: [{ port }] },
        },
      ],
    })
    const diagnosis = await diagnosed(unlike(80), unlike(81))
    expect(diagnosis.exitCode).toBe(1)
    expect(diagnosis.layers.map(({ layer }) => layer)).toEqual(ladder.map(({ name }) => name))
    expect(causeOf(diagnosis)).toMatchObject({ layer: 'ranges', code: 'MP-821', severity: 'problem' })
    expect(diagnosis.layers.find(({ layer }) => layer === 'services')).toMatchObject({
      verdict: 'broken',
      findings: [{ code: 'MP-912', followsFrom: 'MP-821' }],
    })
  })

  test('that may not look at a layer says why, goes on, and is not healthy', async () => {
    const diagnosis = await diagnosed({}, { network: 'network2' }, ['nodes'])
    expect(diagnosis.layers[1]).toMatchObject({
      layer: 'ranges',
      verdict: 'not-judged',
      said: expect.stringContaining('nodes is forbidden'),
    })
    expect(diagnosis.layers[2]).toMatchObject({ layer: 'networks', verdict: 'healthy' })
    expect(diagnosis.exitCode).not.toBe(0)
  })

  test('whose layer is answered in another form does not judge that layer, and goes on', async () => {
    const answered = (look: () => unknown): Promise<object> =>
      judgeLayer(
        { name: 'sync', look: () => Promise.resolve().then(look) as Promise<never> },
        { clusters: [] } as unknown as Survey,
        undefined,
      )
    expect(await answered(() => z.object({ id: z.string() }).parse({}))).toMatchObject({
      layer: 'sync',
      unseen: expect.stringContaining('an answer has another form'),
    })
    expect(await answered(() => JSON.parse('<html>') as unknown)).toMatchObject({
      unseen: expect.stringContaining('an answer is no JSON'),
    })
    await expect(
      answered(() => {
        throw new TypeError('a mistake')
      }),
    ).rejects.toThrow('a mistake')
  })

  test('told in words names layer, code, cause, evidence and the command that mends', async () => {
    const diagnosis = await diagnosed(...overlapping)
    const text = [...diagnosis.layers.flatMap(layerLines), ...verdictLines(diagnosis)].join('\n')
    expect(text).toContain(
      '✗ address ranges\n    MP-821  clusters of one network use overlapping address ranges  (cluster1, ' +
        'cluster2)\n      pods 10.1.0.0/16 of cluster1 and pods 10.1.2.0/24 of cluster2\n      fix: kubectl ' +
        '--context=context2',
    )
    expect(text).toMatch(/first broken layer: address ranges {2}MP-821/)
  })
})
