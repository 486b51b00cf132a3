import { readdir } from 'node:fs/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { diagnoseMesh } from '#diagnosis/diagnose-mesh.ts'
import type { Finding, Judged } from '#diagnosis/layer.ts'
import type { AnalysisMessage, Istioctl } from '#istio/analyze.ts'
import type { Survey, SurveyedCluster } from '#probes/survey/survey.ts'
import type { MeshDiagnosis } from '#results/mesh-diagnosis.ts'
import { fakeProgram, scratchFolder, withoutPrograms } from '#testing/edge.ts'
import { surveyOf } from '#testing/fake-clusters.ts'
import type { Shape } from '#testing/mesh-objects.ts'
import { addNotes } from './add-notes.ts'
import { addMessages } from './add-messages.ts'

const host = 'helloworld.app1.svc.cluster.local'
const missingSubset: AnalysisMessage = {
  code: 'IST0101',
  level: 'Error',
  object: 'VirtualService app1/canary',
  text: `Referenced host+subset in destinationrule not found: "${host}+v1-typo"`,
}
const primary = { name: 'cluster1', context: 'east', istioNamespace: 'istio-system' } as SurveyedCluster

const finding = (code: Finding['code'], where: string, evidence: string[] = []): Finding => ({
  code,
  where,
  evidence,
  fix: '',
})

/** The findings per layer after messages were added, as `layer CODE where: number of lines`. */
const after = (looks: Judged[], ...messages: AnalysisMessage[]): string[] =>
  addMessages(looks, [{ primary, messages }]).flatMap((look) =>
    'unseen' in look
      ? []
      : look.findings.map(({ code, where, evidence }) => `${look.layer} ${code} ${where}: ${evidence.length}`),
  )

const layer = (name: Judged['layer'], ...findings: Finding[]): Judged => ({ layer: name, findings, seen: '' })

describe('a message', () => {
  test('is evidence of the finding about its object, in whichever layer, and no finding of its own', () => {
    const looks = [layer('gateways', finding('MP-887', 'cluster1 app1/canary-gateway')), layer('route')]
    const named = finding('MP-991', `VirtualService app1/canary for ${host}`, ['seen'])
    expect(after([...looks.slice(0, 1), layer('route', named)], missingSubset)).toEqual([
      'gateways MP-887 cluster1 app1/canary-gateway: 0',
      `route MP-991 VirtualService app1/canary for ${host}: 2`,
    ])
    expect(after([layer('server', finding('MP-905', 'cluster1 app1/canary'))], missingSubset)).toEqual([
      'server MP-905 cluster1 app1/canary: 1',
    ])
    expect(after([layer('server', finding('MP-905', 'Gateway app1/canary'))], missingSubset)).toEqual([
      'server MP-905 Gateway app1/canary: 0',
    ])
  })

  test('is evidence of the finding about its host, in its own layer alone', () => {
    const own = layer('route', finding('MP-992', `the route of ${host}`))
    const other = layer('endpoints', finding('MP-892', `${host} for cluster1`))
    expect(after([own, other], missingSubset)).toEqual([
      `route MP-992 the route of ${host}: 1`,
      `endpoints MP-892 ${host} for cluster1: 0`,
    ])
  })

  test('that nothing covers is one warning for its object, with few lines', () => {
    const more = ['a', 'b', 'c', 'd'].map((text) => ({ ...missingSubset, text }))
    expect(after([layer('gateways'), layer('route')], missingSubset, ...more)).toEqual([
      'route MP-996 cluster1 VirtualService app1/canary: 4',
    ])
    const conflict = { code: 'IST0145', level: 'Error', object: 'Gateway app1/public', text: 'Conflict with gateways' }
    expect(after([layer('gateways'), layer('route')], conflict)).toEqual([
      'gateways MP-996 cluster1 Gateway app1/public: 1',
    ])
  })

  test('that is a warning, or of a code that is not known, is no finding', () => {
    const others = [
      { ...missingSubset, level: 'Warning' },
      { ...missingSubset, code: 'IST9999' },
    ]
    expect(after([layer('route')], ...others)).toEqual([])
  })

  test('of a strange object names no command with it', () => {
    const [look] = addMessages(
      [layer('route')],
      [{ primary, messages: [{ ...missingSubset, code: 'IST0109', object: 'X a/b; rm' }] }],
    )
    expect(look).toMatchObject({ findings: [{ fix: expect.not.stringContaining('rm') }] })
  })
})

describe('a diagnosis', () => {
  const mesh = (first: Shape = {}, second: Shape = {}): Promise<Survey> =>
    surveyOf(first, { role: 'remote', ...second })
  /** Patience with istioctl that ends when the test says so, and not by the clock of a machine with other work. */
  const clock = (): { endPatience: () => void } => {
    const patience = new AbortController()
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(patience.signal)
    onTestFinished(() => {
      timeout.mockRestore()
    })
    return {
      endPatience: () => {
        patience.abort()
      },
    }
  }
  const istioctl: Istioctl = { program: 'istioctl', from: 'PATH', kubeconfigOf: () => ({ kubeconfig: 'k' }) }
  const diagnosed = async (found: Survey): Promise<MeshDiagnosis['layers']> =>
    (await diagnoseMesh(found, undefined, new AbortController().signal, istioctl)).layers
  const program = (version: string, analyze: string): Promise<void> =>
    fakeProgram(
      'istioctl',
      `case $1 in version) echo '{"clientVersion":{"version":"${version}"}}';; *) ${analyze};; esac`,
    )
  const notesIn = (layers: MeshDiagnosis['layers']): string[] =>
    layers.flatMap(({ notes }) => notes ?? []).filter((note) => note.includes('istioctl'))
  const codesIn = (layers: MeshDiagnosis['layers']): string[] =>
    layers.flatMap(({ findings }) => findings.map(({ code }) => code)).filter((code) => code === 'MP-996')
  const printed = (...messages: { code: string; level: string; message: string; origin: string }[]): string =>
    `echo '${JSON.stringify(messages)}'`
  const hostMissing = (name: string): { code: string; level: string; message: string; origin: string } => ({
    code: 'IST0101',
    level: 'Error',
    message: `Referenced host not found: "${name}"`,
    origin: `VirtualService shop/to-${name}`,
  })

  test('warns of an error in its layer, and not of a host that another cluster has', async () => {
    const normal = ['shop', 'shop.shop', 'shop.shop.svc.cluster.local'].map(hostMissing)
    const registry = { ...hostMissing('x'), code: 'IST0126', origin: 'MeshNetworks istio-system/meshnetworks' }
    await program('1.31.0', printed(hostMissing('nowhere'), registry, ...normal))
    clock()
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop', namespace: 'shop' }, spec: {} }
    const layers = await diagnosed(await mesh({}, { more: [service] }))
    const { findings, notes } = layers.find((candidate) => candidate.layer === 'route')!
    expect(findings).toMatchObject([
      {
        code: 'MP-996',
        severity: 'warning',
        where: 'cluster1 VirtualService shop/to-nowhere',
        evidence: [expect.stringContaining('istioctl analyze of cluster1: IST0101 error')],
      },
    ])
    expect([codesIn(layers), notes, notesIn(layers)]).toEqual([['MP-996'], undefined, []])
  })

  test.each([
    ['is another release', '1.29.4', printed(hostMissing('nowhere')), 'more than one minor version from 1.31.2'],
    ['tells no release', 'unknown', printed(hostMissing('nowhere')), 'unknown fits 1.31.2 is not known'],
    ['prints nonsense', '1.31.0', 'echo nonsense', 'printed no list of messages'],
  ])('goes on without an istioctl that %s, and says so', async (_, version, analyze, why) => {
    await program(version, analyze)
    clock()
    const layers = await diagnosed(await mesh())
    expect(codesIn(layers)).toEqual([])
    expect(notesIn(layers)).toEqual([expect.stringContaining(why)])
  })

  test('goes on without an istioctl that hangs, and says so', async () => {
    const folder = await scratchFolder()
    await program('1.32.0', `echo > ${folder}/asked; sleep 600`)
    const { endPatience } = clock()
    const layers = diagnosed(await mesh())
    await expect.poll(() => readdir(folder)).toEqual(['asked'])
    endPatience()
    expect(notesIn(await layers)).toEqual([expect.stringContaining('analyze did not end within 3 s')])
  })

  test('says that there is none', async () => {
    const found = await mesh()
    await withoutPrograms()
    expect(notesIn(await diagnosed(found))).toEqual([expect.stringContaining('there is no istioctl on PATH')])
  })
})

test('that there is no istioctl is said where something is broken, and not on every run', () => {
  const noted = (...findings: Finding[]): number =>
    addNotes([layer('control', ...findings)], { notes: [], missing: true }).flatMap((look) =>
      'notes' in look ? (look.notes ?? []) : [],
    ).length
  expect([noted(), noted(finding('MP-996', 'x')), noted(finding('MP-851', 'x'))]).toEqual([0, 0, 1])
})
