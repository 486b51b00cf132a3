import { afterEach, describe, expect, test } from 'vitest'
import { survey } from '#survey/survey.ts'
import { fakeApiServer, type FakeApiServer } from '#testing/fake-api-server.ts'
import { meshObjects, type Shape } from '#testing/mesh-objects.ts'
import { diagnoseMesh } from './diagnose-mesh.ts'
import type { Diagnosis } from './diagnosis.ts'
import { layerLines, verdictLines } from './diagnosis-text.ts'
import { meshLayers } from './findings.ts'

const servers: FakeApiServer[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const diagnosed = async (first: Shape, second: Shape, forbidden: string[] = []): Promise<Diagnosis> => {
  const all = await Promise.all([
    fakeApiServer(meshObjects('cluster1', first)),
    fakeApiServer(meshObjects('cluster2', second), { forbidden }),
  ])
  servers.push(...all)
  return diagnoseMesh(
    await survey(all.map((server, index) => server.cluster(`context${index + 1}`))),
    undefined,
    () => undefined,
    new AbortController().signal,
  )
}

const verdictsOf = ({ layers }: Diagnosis): string[] => layers.map(({ layer, verdict }) => `${layer} ${verdict}`)
const overlapping = [{ podCidr: '10.1.0.0/16' }, { podCidr: '10.1.2.0/24' }] as const

describe('a diagnosis', () => {
  test('goes up to the first broken layer, and judges none beyond it', async () => {
    const diagnosis = await diagnosed(...overlapping)
    expect(diagnosis.exitCode).toBe(1)
    expect(verdictsOf(diagnosis)).toEqual(
      Object.keys(meshLayers).map(
        (layer) => `${layer} ${layer === 'api' ? 'healthy' : layer === 'ranges' ? 'broken' : 'not-judged'}`,
      ),
    )
    expect(diagnosis.layers.slice(2).every(({ said }) => said.includes('address ranges (MP-821)'))).toBe(true)
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

  test('told in words names layer, code, cause, evidence and the command that mends', async () => {
    const diagnosis = await diagnosed(...overlapping)
    const text = [...diagnosis.layers.flatMap(layerLines), ...verdictLines(diagnosis)].join('\n')
    expect(text).toContain(
      '✗ address ranges\n    MP-821  clusters of one network use overlapping address ranges  (cluster1, ' +
        'cluster2)\n      pods 10.1.0.0/16 of cluster1 and pods 10.1.2.0/24 of cluster2\n      fix: kubectl ' +
        '--context=context2',
    )
    expect(text).toMatch(/first broken layer: address ranges {2}MP-821/)
    expect(text).toContain('? network labels  not judged because address ranges (MP-821) must be mended first')
  })
})
