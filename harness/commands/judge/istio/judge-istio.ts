import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IstioTests } from '#images/source/source-judges.ts'
import type { JudgeResult, JudgeTest } from '#results/results.ts'
import { pathPart } from '#results/text.ts'
import { type ProgramEnd, runProgram } from '#commands/judge/run-program.ts'
import { type Circumstances, explained, leftOutOf } from './explained.ts'
import type { IstioJudge } from './istio-list.ts'
import { endOfProgram, testsInLog } from './test-log.ts'
import { sourceForTests } from './test-source.ts'

/** A cluster as Istio’s tests see it. `primary` is the cluster of its control plane, where that is another. */
export type TestedCluster = { name: string; network: string; kubeconfig: string; primary?: string }

/** What Istio’s tests run with. `folder` is that of the run’s reports; `timeout` is in seconds. */
export type IstioJudging = Circumstances & {
  tests: IstioTests
  /** The registry and the tag of the images of the tests, and the image of echo. */
  hub: string
  tag: string
  echoImage: string
  istioNamespace: string
  /** The revision of the control planes; undefined for the default one. */
  revision: string | undefined
  folder: string
  timeout: number
  signal: AbortSignal
}

/**
 * Runs some of Istio’s integration tests on clusters. Their log goes to `judges` in the folder of the reports.
 * @throws the signal’s reason when it fires.
 */
export const judgeIstio = async (
  judge: IstioJudge,
  clusters: readonly TestedCluster[],
  judging: IstioJudging,
): Promise<JudgeResult> => {
  const { tests: built, folder, timeout, tag, signal } = judging
  const names = clusters.map(({ name }) => name)
  const log = `judges/${[judge.name, ...(judge.clusters === 'each' ? names.map(pathPart) : [])].join('-')}.log`
  const startedAt = new Date().toISOString()
  await using scratch = await scratchFolder()
  const clustersFile = join(scratch.path, 'clusters.json')
  await writeFile(clustersFile, JSON.stringify(clusters.map(asInTests)), { mode: 0o600 })
  const end = await runProgram(
    {
      path: built.programs.get(judge.package) ?? '',
      args: argumentsFor(judge, clusters, judging, { clustersFile, work: scratch.path }),
      // The tests read manifests: their own from the folder of their package, others from the source.
      folder: join(built.source, 'tests/integration', judge.package),
      environment: { REPO_ROOT: await sourceFor(judge, built, scratch.path), ECHO_IMAGE: judging.echoImage },
      log: join(folder, log),
      within: timeout,
    },
    signal,
  )
  const printed = withoutMarks(await readFile(join(folder, log), 'utf8'))
  await writeFile(join(folder, log), printed)
  const observed = testsInLog(printed)
  const tests = observed.map((test) => explained(test, judge, judging))
  const reason = whyNotProven({ judge, tests, observed, end, timeout, printed })
  return {
    judge: judge.name,
    version: tag,
    clusters: names,
    verdict: tests.some(({ verdict }) => verdict === 'fail') ? 'fail' : reason === '' ? 'pass' : 'not-run',
    reason,
    startedAt,
    seconds: end.seconds,
    levels: [],
    tests,
    log,
  }
}

/** The source that the tests read manifests from; those of `security` deploy a server that must not be pulled. */
const sourceFor = (
  { package: folder }: IstioJudge,
  { source }: IstioTests,
  scratch: string,
): string | Promise<string> => (folder === 'security' ? sourceForTests(source, scratch) : source)

const asInTests = ({ name, network, kubeconfig, primary }: TestedCluster): object => ({
  kind: 'Kubernetes',
  clusterName: name,
  network,
  ...(primary === undefined ? {} : { primaryClusterName: primary }),
  meta: { kubeconfig },
})

const argumentsFor = (
  judge: IstioJudge,
  clusters: readonly TestedCluster[],
  judging: IstioJudging,
  { clustersFile, work }: { clustersFile: string; work: string },
): string[] => {
  const { hub, tag, istioNamespace, revision } = judging
  const settings = {
    // Each test’s end is printed when it ends, and not with the end of the test around it.
    'test.v': 'test2json',
    // The harness ends a program that hangs, and says so. Go’s own limit would end it with a panic.
    'test.timeout': '0',
    'test.run': `^(${judge.tests.join('|')})$`,
    'istio.test.kube.topology': clustersFile,
    'istio.test.kube.config': clusters.map(({ kubeconfig }) => kubeconfig).join(','),
    'istio.test.kube.systemNamespace': istioNamespace,
    ...(revision === undefined ? {} : { 'istio.test.revision': revision }),
    // The mesh is there already.
    'istio.test.kube.deploy': 'false',
    'istio.test.kube.deployGatewayAPI': 'false',
    'istio.test.skipVM': 'true',
    'istio.test.skipTProxy': 'true',
    // This workload names a port twice, which Kubernetes refuses. Tests on several clusters never use it.
    'istio.test.skipWorkloads': 'proxyless',
    'istio.test.hub': hub,
    'istio.test.tag': tag,
    'istio.test.pullpolicy': 'IfNotPresent',
    // Nothing is dumped where a test fails: dumps would stay outside of the report.
    'istio.test.maxDumps': '0',
    'istio.test.work_dir': work,
  }
  const skipped = leftOutOf(judge, judging).map(({ tests }) => ['istio.test.skip', tests])
  return [...Object.entries(settings), ...skipped].map(([name, value]) => `-${name}=${value}`)
}

/** Go marks lines of its own with control characters, where they are meant for a program. */
const withoutMarks = (log: string): string => log.replaceAll(/[\u000e\u000f\u0016]/g, '')

type Observed = {
  judge: IstioJudge
  /** The tests as they are reported, and as the program ended them. */
  tests: JudgeTest[]
  observed: JudgeTest[]
  end: ProgramEnd
  timeout: number
  printed: string
}

/** Why a judge proved nothing, or not everything; empty where every test that it ran passed. */
const whyNotProven = ({ judge, tests, observed, end, timeout, printed }: Observed): string => {
  const count = (wanted: JudgeTest['verdict']): number => tests.filter(({ verdict }) => verdict === wanted).length
  if (end.hung) return `it did not end within ${timeout} s and was stopped`
  if (count('fail') > 0) return `${count('fail')} of ${count('fail') + count('pass')} tests failed`
  if (count('not-run') > 0) return `${count('not-run')} tests did not end`
  if (end.exitCode !== 0 && observed.every(({ verdict }) => verdict !== 'fail')) return endOfProgram(printed)
  const missing = judge.tests.filter(
    (name) => !tests.some((test) => test.name === name || test.name.startsWith(`${name}/`)),
  )
  if (missing.length > 0) return `its log lacks ${missing.join(', ')}`
  return count('pass') === 0 ? 'it ran no test' : ''
}

const scratchFolder = async (): Promise<AsyncDisposable & { path: string }> => {
  const path = await mkdtemp(join(tmpdir(), 'meshproof-judge-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
