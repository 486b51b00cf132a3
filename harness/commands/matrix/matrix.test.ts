import { describe, expect, test } from 'vitest'
import { readArguments } from '#cli/arguments.ts'
import { type Cell, Cells } from '#results/cells.ts'
import { errorOf } from '#testing/edge.ts'
import { topologyNames } from '#topology/topology-file.ts'
import { matrixCells } from './matrix.ts'
import { MatrixOptions } from './options.ts'

const cellsOf = (options: Record<string, unknown>): Promise<Cell[]> => matrixCells(MatrixOptions.parse(options))
const namesOf = async (options: Record<string, unknown>): Promise<string[]> =>
  (await cellsOf(options)).map(({ name }) => name)

/** What a cell’s arguments ask for, as the program reads them. */
const asked = ({ args }: Cell): unknown => {
  const invocation = readArguments(args, {})
  return invocation.command === 'test' && invocation.options
}

describe('of labs', () => {
  test('every topology meets every combination of versions, and says so in its name and its arguments', async () => {
    const cells = await cellsOf({ topology: 'gateway,vpn', kubernetes: '1.34.11,1.34.4,1.34.11' })
    expect(cells.map(({ name }) => name)).toEqual([
      'gateway-kubernetes-1.34.11',
      'gateway-kubernetes-1.34.4',
      'vpn-kubernetes-1.34.11',
      'vpn-kubernetes-1.34.4',
    ])
    expect(asked(cells[2]!)).toMatchObject({ topology: ['vpn'], kubernetes: ['1.34.11'] })
  })

  test('all topologies are a cell each, under the name they have', async () => {
    expect(await namesOf({ topology: 'all' })).toEqual(await topologyNames())
    expect(await cellsOf({ topology: './fixtures/topologies/examples/three-clusters.yaml' })).toEqual([
      { name: 'three-clusters', args: ['test', '--topology=./fixtures/topologies/examples/three-clusters.yaml'] },
    ])
  })

  test('whatever else is asked of a run is asked of every cell', async () => {
    const [cell] = await cellsOf({ topology: 'vpn', mtls: 'off', images: 'source', timeout: '90', failFast: true })
    expect(asked(cell!)).toEqual({
      ...((
        readArguments(['--topology=vpn', '--mtls=off', '--images=source', '--timeout=90', '--fail-fast'], {}) as {
          options: unknown
        }
      ).options as object),
    })
  })

  test.each([{ topology: 'vpn' }, { contexts: 'east,west' }])(
    'the root namespace is asked of every cell of %j',
    async (of) => {
      const [cell] = await cellsOf({ ...of, istioNamespace: 'mesh-root' })
      expect(asked(cell!)).toMatchObject({ istioNamespace: 'mesh-root' })
    },
  )

  test('a namespace that a lab has no place for is refused', async () => {
    expect(await errorOf(cellsOf({ topology: 'vpn', istioNamespace: 'app1' }))).toMatchObject({ code: 'MP-101' })
  })

  test('versions that do not exist or do not go together are reported at once, with their cells', async () => {
    const error = await errorOf(
      cellsOf({ topology: 'vpn', images: 'source', istio: '1.31-dev,1.30.4', kubernetes: '1.34.4,nope' }),
    )
    expect(error).toMatchObject({
      code: 'MP-165',
      exitCode: 2,
      message: expect.stringContaining('3 of 4 combinations'),
    })
    expect(String(error)).toMatch(/istio-1\.30\.4-kubernetes-1\.34\.4\n\s+MP-107/)
    expect(String(error)).toMatch(/istio-1\.31-dev-kubernetes-nope, istio-1\.30\.4-kubernetes-nope\n\s+MP-101/)
  })

  test.each([
    [{ topology: 'gatway' }, 'gateway'],
    [{ suite: ['reech.*'] }, 'reech'],
    [{ kubernetes: 'nope' }, 'nope'],
  ])('a mistake is refused: %j', async (options, named) => {
    const error = await errorOf(cellsOf(options))
    expect([(error as { code: string }).code, String(error), (error as { next: string }).next].join()).toMatch(
      new RegExp(`MP-101.*${named}`, 's'),
    )
  })
})

describe('of several sets of checks', () => {
  test('each is a cell, numbered, so that no two have one name', async () => {
    expect(await namesOf({ topology: 'vpn', suite: ['net.*,control.*', '!net.*', '*', 'net.*,control.*'] })).toEqual([
      'vpn-1-net-control',
      'vpn-2-not-net',
      'vpn-3',
    ])
  })

  test('an existing mesh is a cell, or one for each set', async () => {
    expect(await cellsOf({ contexts: 'in-cluster,west', kubeconfig: 'a.yaml' })).toEqual([
      { name: 'mesh', args: ['test', '--contexts=in-cluster,west', '--kubeconfig=a.yaml'] },
    ])
    expect(await cellsOf({ contexts: 'east,west', suite: ['net.*', 'reach.*,!reach.path'] })).toEqual([
      { name: '1-net', args: ['test', '--suite=net.*', '--contexts=east,west'] },
      { name: '2-reach-not-reach-path', args: ['test', '--suite=reach.*,!reach.path', '--contexts=east,west'] },
    ])
  })
})

test('what is printed is a cells document', async () => {
  const cells = await cellsOf({ topology: 'all', kubernetes: '1.34.11,1.34.4', suite: ['net.*', 'reach.*'] })
  expect(cells).toHaveLength(28)
  expect(Cells.parse({ cells })).toEqual({ cells })
})
