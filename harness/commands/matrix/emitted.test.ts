import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { readArguments } from '#cli/arguments.ts'
import { type Cell, Cells } from '#results/cells.ts'
import { scratchFolder } from '#testing/edge.ts'
import { emitted } from './emitted.ts'
import { forGitHub } from './for-github.ts'
import { forGitLab } from './for-gitlab.ts'
import { MatrixOptions } from './options.ts'

const emit = (options: Record<string, unknown>): Promise<string> =>
  emitted(MatrixOptions.parse({ topology: 'vpn,gateway', suite: ['reach.*,!reach.path'], ...options }))

/**
 * The words that a shell makes of a line, where `npx meshproof` prints what it is given, among files that its patterns
 * would fit.
 */
const wordsOf = async (line: string): Promise<string[]> => {
  const cwd = await scratchFolder()
  await writeFile(join(cwd, '--suite=reach.x,!reach.path'), '')
  return (
    await execa('sh', ['-c', `meshproof() { printf '%s\\n' "$@"; }; npx() { "$@"; }; ${line}`], { cwd })
  ).stdout.split('\n')
}

test('by itself, the cells document is printed', async () => {
  expect(Cells.parse(JSON.parse(await emit({}))).cells.map(({ name }) => name)).toEqual(['vpn', 'gateway'])
})

describe('for GitHub', () => {
  test('one line of JSON for fromJSON, whose arguments are a line of shell', async () => {
    const text = await emit({ emit: 'github' })
    expect(text).not.toContain('\n')
    const { include } = JSON.parse(text) as { include: { cell: string; topology: string; args: string }[] }
    expect(include.map(({ cell, topology }) => [cell, topology])).toEqual([
      ['vpn', 'vpn'],
      ['gateway', 'gateway'],
    ])
    expect(await wordsOf(`npx meshproof ${include[1]?.args}`)).toEqual([
      'test',
      '--topology=gateway',
      '--suite=reach.*,!reach.path',
    ])
  })

  test('more cells than it takes are refused', () => {
    const cells = (count: number): Cell[] =>
      Array.from({ length: count }, (_, index) => ({ name: `c${index}`, args: ['test'] }))
    expect((JSON.parse(forGitHub(cells(256))) as { include: unknown[] }).include).toHaveLength(256)
    expect(() => forGitHub(cells(257))).toThrow(
      expect.objectContaining({ code: 'MP-166', message: expect.stringContaining('257 cells') }),
    )
  })
})

describe('for GitLab', () => {
  test('a child pipeline has a job for each cell, which keeps its report, and a job that merges them', async () => {
    const { stages, 'cell vpn': job, 'all cells': mergingJob } = parse(await emit({ emit: 'gitlab' }))
    expect(stages).toEqual(['cells', 'report'])
    expect(job).toMatchObject({
      stage: 'cells',
      artifacts: { when: 'always', paths: ['reports/vpn/'], reports: { junit: 'reports/vpn/junit.xml' } },
    })
    expect(await wordsOf(job.script[0])).toEqual([
      'test',
      '--topology=vpn',
      '--suite=reach.*,!reach.path',
      '--report-dir=reports/vpn',
    ])
    expect(mergingJob).toMatchObject({ stage: 'report', when: 'always', artifacts: { when: 'always' } })
  })

  test('the merging job knows the cells, whatever their arguments hold', async () => {
    const cells = [{ name: 'odd', args: ['test', `--topology=./it's "$HOME" \`here\`.yaml`] }]
    const { 'all cells': mergingJob } = parse(forGitLab(cells))
    const { stdout } = await execa('sh', ['-c', (mergingJob.script[0] as string).replace(' > cells.json', '')])
    expect(JSON.parse(stdout)).toEqual({ cells })
    expect(mergingJob.script[1]).toContain('--cells=cells.json')
  })

  test('cells that ask one mesh wait for each other', async () => {
    expect(
      parse(await emit({ emit: 'gitlab', topology: undefined, contexts: 'east,west' }))['cell mesh'],
    ).toMatchObject({ resource_group: 'meshproof' })
  })
})

describe('for Kubernetes', () => {
  const objects = async (
    options: Record<string, unknown>,
  ): Promise<[{ data: Record<string, string> }, { metadata: object; spec: Record<string, unknown> }]> =>
    parseAllDocuments(await emit({ emit: 'kubernetes', ...options })).map(
      (document) => document.toJS() as never,
    ) as never

  test('an Indexed Job has a completion for each cell, and finds the document that it was made for', async () => {
    const [{ data }, { spec }] = await objects({})
    const { cells } = Cells.parse(JSON.parse(data['cells.json'] ?? ''))
    expect(spec).toMatchObject({
      completionMode: 'Indexed',
      completions: cells.length,
      parallelism: cells.length,
      backoffLimitPerIndex: expect.any(Number),
    })
    expect(spec).toMatchObject({
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            { args: ['cell', '--cells=/etc/meshproof/cells/cells.json', expect.stringMatching(/^--report-dir=/)] },
          ],
        },
      },
    })
    expect(spec).not.toHaveProperty('suspend')
  })

  test('whatever a container mounts is a volume of its pod', async () => {
    for (const options of [
      {},
      { topology: undefined, contexts: 'in-cluster,west' },
      { topology: undefined, contexts: 'in-cluster,west', results: 'configmap:meshproof' },
    ]) {
      const [, { spec }] = await objects(options)
      const {
        containers: [container],
        volumes,
      } = (
        spec as {
          template: { spec: { containers: { volumeMounts: { name: string }[] }[]; volumes: { name: string }[] } }
        }
      ).template.spec
      expect(container?.volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.map(({ name }) => name).sort())
    }
  })

  test('reports go to a claim, unless they are kept elsewhere', async () => {
    expect(JSON.stringify(await objects({ topology: undefined, contexts: 'in-cluster,west' }))).toContain(
      '"claimName":"meshproof-reports"',
    )
    expect(
      JSON.stringify(
        await objects({ topology: undefined, contexts: 'in-cluster,west', results: 'configmap:meshproof' }),
      ),
    ).not.toContain('claimName')
  })

  test('what makes a lab is privileged, and has no access to the cluster that it runs in', async () => {
    const [, { metadata, spec }] = await objects({})
    expect(spec).toMatchObject({
      template: {
        spec: { automountServiceAccountToken: false, containers: [{ securityContext: { privileged: true } }] },
      },
    })
    expect(JSON.stringify([metadata, spec])).not.toMatch(/serviceAccountName|namespace|KUBECONFIG/)
  })

  test('a failed mesh is not asked again until it passes', async () => {
    const [, { spec }] = await objects({})
    expect(spec['podFailurePolicy']).toMatchObject({
      rules: [{ action: 'FailIndex', onExitCodes: { operator: 'In', values: [1] } }],
    })
  })

  test('cells that ask one mesh go one after the other, with no more rights than they need', async () => {
    const [, { spec }] = await objects({
      topology: undefined,
      contexts: 'in-cluster,west',
      suite: ['net.*', 'reach.*'],
    })
    expect(spec).toMatchObject({
      completions: 2,
      parallelism: 1,
      template: {
        spec: {
          serviceAccountName: 'meshproof',
          containers: [{ securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true } }],
        },
      },
    })
    expect(JSON.stringify(spec)).not.toContain('privileged')
    expect(spec).toMatchObject({ activeDeadlineSeconds: 7200 })
  })

  test('a queue of Kueue holds the Job back until it is admitted, and the image is the one named', async () => {
    const [, { metadata, spec }] = await objects({ queue: 'ci', image: 'mine:1' })
    expect(metadata).toMatchObject({ labels: { 'kueue.x-k8s.io/queue-name': 'ci' } })
    expect(spec).toMatchObject({ suspend: true, template: { spec: { containers: [{ image: 'mine:1' }] } } })
  })
})

test('the documentation’s examples are what they seem to be', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/matrix.md'), 'utf8')
  const blocks = [...page.matchAll(/```(yaml|json)\n([\s\S]*?)```/g)].map(
    ([, , block = '']) => parse(block) as Record<string, unknown>,
  )
  const [document, github, gitlab] = blocks as [unknown, { env: { CELLS: string } }, { cells: { script: string[] } }]
  expect(Cells.parse(document).cells).toHaveLength(1)
  const asked = (line: string): unknown => readArguments(line.split(' '), {})
  const flags = { command: 'matrix', options: { topology: ['all'], istio: ['1.30.4'], kubernetes: ['1.33', '1.34'] } }
  expect(asked(`matrix ${github.env.CELLS}`)).toMatchObject(flags)
  expect(asked(/meshproof (.*) >/.exec(gitlab.cells.script[1] ?? '')?.[1] ?? '')).toMatchObject(flags)
})
