import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faults } from '../../fixtures/faults/index.ts'
import { engineInfo } from '../engine/docker.ts'
import { sourceImages } from '../images/source.ts'
import { labOf, type Lab } from '../lab/lab.ts'
import { loadTopologyFile } from '../plan/topology-file.ts'
import { layers, type Results } from '../report/results.ts'
import { engineContents, meshproof } from './product.ts'

const expected = [
  'net.pods-isolated', 'net.gateway-open', 'trust.common-root', 'trust.intermediates', 'control.ready', 'control.remotes-synced', 'control.proxies-synced', 'control.injection',
  'discovery.endpoints', 'discovery.placeholder', 'discovery.dns-stub', 'reach.local', 'reach.both-versions', 'reach.path', 'reach.outside-mesh',
  'route.pin-v2', 'route.restore', 'mtls.strict', 'mtls.identity', 'mtls.plaintext-refused',
]

const checksOf = (results: Results | undefined) => results?.topologies[0]?.checks ?? []

describe('the gateway topology, from nothing', () => {
  let before: string[] = []
  let lab: Lab

  beforeAll(async () => { before = await engineContents() })

  afterAll(async () => { await meshproof(['down']) })

  test('npm test proves every check and leaves the lab where it is told to', async () => {
    const { exitCode, output, results, folder } = await meshproof(['--topology=gateway', '--keep'], { through: 'npm' })
    expect(exitCode, output).toBe(0)
    expect([...new Set(checksOf(results).map(({ id }) => id))]).toEqual(expected)
    expect(checksOf(results).filter(({ verdict }) => verdict !== 'pass')).toEqual([])
    expect(checksOf(results).every(({ attempts }) => attempts.every(({ evidence }) => evidence.length > 0))).toBe(true)
    expect(output).toContain('kubectl')
    lab = labOf(results?.run.id ?? '', { ...(await loadTopologyFile('gateway')), mtls: 'strict' }, await sourceImages(await engineInfo(), () => undefined))

    for (const file of await readdir(folder)) {
      expect(await readFile(join(folder, file), 'utf8'), `${file} holds a key or a token`).not.toMatch(/PRIVATE KEY|eyJhbGciOi|client-key-data/)
    }
  })

  test.each(faults.map((fault) => [fault.name, fault] as const))('%s turns its check red and is named', async (_, fault) => {
    const mend = await fault.apply(lab)
    try {
      const { exitCode, output, results } = await meshproof(['--topology=gateway', '--reuse'])
      expect(exitCode, output).toBe(1)
      const red = checksOf(results).filter(({ verdict }) => verdict === 'fail')
      expect(red.map(({ id }) => id)).toContain(fault.check)
      const check = red.find(({ id }) => id === fault.check)
      expect(check?.diagnosis?.code).toBe(fault.code)
      const below = layers.slice(0, layers.indexOf(check?.layer ?? 'network'))
      expect(red.filter(({ layer }) => below.includes(layer)).map(({ id }) => id)).toEqual([])
      expect(output).toContain(`first broken layer: ${check?.layer ?? ''}`)
      expect(output).toContain(fault.code)
    } finally {
      await mend()
    }
  })

  test('the mended mesh is green again, and down leaves the engine as it was', async () => {
    const { exitCode, output } = await meshproof(['--topology=gateway', '--reuse'])
    expect(exitCode, output).toBe(0)
    expect((await meshproof(['down'])).exitCode).toBe(0)
    expect(await engineContents()).toEqual(before)
  })
})
