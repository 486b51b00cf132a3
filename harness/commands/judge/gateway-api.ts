import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerLabel, runLabel } from '#engine/labels.ts'
import { reasonOf } from '#errors.ts'
import type { JudgeLevel, JudgeResult, JudgeTest } from '#results/results.ts'
import { pathPart } from '#results/text.ts'
import { lastError, testsIn } from './conformance-log.ts'
import { levelsIn } from './conformance-report.ts'
import { type ProgramEnd, runProgram } from './run-program.ts'

/** A cluster as a judge sees it. `kubeconfig` is the value of KUBECONFIG that leads to it. */
export type JudgedCluster = {
  name: string
  kubeconfig: string
  /** The labels by which a namespace gets sidecars. */
  injection: Readonly<Record<string, string>>
}

/** What the judge runs with. `folder` is that of the run’s reports; `timeout` is in seconds. */
export type Judging = {
  runId: string
  owner: string
  /** The path of the program of the conformance tests, and their version. */
  program: string
  version: string
  echoImage: string
  /** The version of Istio that is judged. */
  istio: string
  folder: string
  timeout: number
  signal: AbortSignal
}

/** The namespaces that the tests make in a cluster. */
export const judgeNamespaces = ['gateway-conformance-mesh', 'gateway-conformance-mesh-consumer'] as const

/**
 * What Istio claims for meshes in its own run of these tests (docs/judges.md). The first two are the core of the
 * profile, and those of `Mesh` its extensions. Some tests for meshes also need features of routes.
 */
const claimed = [
  'Mesh',
  'HTTPRoute',
  'MeshHTTPRouteQueryParamMatching',
  'MeshHTTPRouteSchemeRedirect',
  'MeshHTTPRouteRewritePath',
  'MeshHTTPRouteRedirectPath',
  'MeshHTTPRouteRedirectPort',
  'MeshConsumerRoute',
  'MeshHTTPRouteBackendRequestHeaderModification',
  'MeshHTTPRouteNamedRouteRule',
  'HTTPRouteResponseHeaderModification',
  'HTTPRouteParentRefPort',
  'HTTPRoute303RedirectStatusCode',
  'HTTPRoute308RedirectStatusCode',
]

/**
 * Runs Gateway API’s conformance tests for meshes in a cluster. Their report and their log go to `judges` in the
 * folder of the reports. The namespaces that they make have the labels of the run, so that they can be removed where
 * the program does not do it.
 * @throws the signal’s reason when it fires.
 */
export const judgeGatewayApi = async (cluster: JudgedCluster, judging: Judging): Promise<JudgeResult> => {
  const { program, version, folder, timeout, signal } = judging
  const files = `judges/gateway-api-${pathPart(cluster.name)}`
  const [report, log] = [`${files}.yaml`, `${files}.log`]
  const startedAt = new Date().toISOString()
  const end = await runProgram(
    {
      path: program,
      args: argumentsFor(cluster, judging, join(folder, report)),
      environment: { KUBECONFIG: cluster.kubeconfig },
      log: join(folder, log),
      within: timeout,
    },
    signal,
  )
  const printed = await readFile(join(folder, log), 'utf8')
  const written = await readFile(join(folder, report), 'utf8').catch(() => undefined)
  const { levels, unreadable } = readLevels(written)
  const tests = testsIn(printed)
  const reason = whyNotProven({ end, tests, levels, timeout, printed, unreadable })
  const failed = tests.filter(({ verdict }) => verdict === 'fail')
  return {
    judge: 'gateway-api',
    version,
    clusters: [cluster.name],
    verdict: failed.length > 0 ? 'fail' : reason === '' ? 'pass' : 'not-run',
    reason,
    startedAt,
    seconds: end.seconds,
    levels,
    tests,
    ...(written === undefined ? {} : { report }),
    log,
  }
}

const argumentsFor = (
  { injection }: JudgedCluster,
  { runId, owner, echoImage, istio }: Judging,
  report: string,
): string[] => {
  const labels = Object.entries({ ...injection, [runLabel]: runId })
  return Object.entries({
    'test.v': 'true',
    // The harness ends a program that hangs, and says so. Go’s own limit would end it with a panic.
    'test.timeout': '0',
    'conformance-profiles': 'MESH-HTTP',
    'mesh-name': 'istio',
    'supported-features': claimed.join(','),
    'namespace-labels': labels.map((pair) => pair.join('=')).join(','),
    'namespace-annotations': `${ownerLabel}=${owner}`,
    'echo-image': echoImage,
    organization: 'istio',
    project: 'istio',
    url: 'https://istio.io',
    contact: 'https://github.com/istio/istio/issues',
    version: istio,
    'report-output': report,
  }).map(([name, value]) => `-${name}=${value}`)
}

const readLevels = (written: string | undefined): { levels: JudgeLevel[]; unreadable?: string } => {
  if (written === undefined) return { levels: [], unreadable: 'it wrote no report' }
  try {
    return { levels: levelsIn(written) }
  } catch (error) {
    return { levels: [], unreadable: `its report cannot be read: ${reasonOf(error)}` }
  }
}

type Observed = {
  end: ProgramEnd
  tests: JudgeTest[]
  levels: JudgeLevel[]
  timeout: number
  printed: string
  unreadable: string | undefined
}

/** Why a judge proved nothing, or not everything; empty where every test that it ran passed. */
const whyNotProven = ({ end, tests, levels, timeout, printed, unreadable }: Observed): string => {
  const count = (wanted: JudgeTest['verdict']): number => tests.filter(({ verdict }) => verdict === wanted).length
  if (end.hung) return `it did not end within ${timeout} s and was stopped`
  if (count('fail') > 0) return `${count('fail')} of ${count('fail') + count('pass')} tests failed`
  if (end.exitCode !== 0) return lastError(printed)
  if (unreadable !== undefined) return unreadable
  const partial = levels.find(({ result }) => result !== 'success')
  if (partial) return `its report calls ${partial.name} “${partial.result}”`
  const counted = levels.reduce((sum, { passed }) => sum + passed, 0)
  if (counted === 0) return 'it ran no test'
  // The report leaves out tests that need a feature of no profile, such as a response header.
  return counted <= count('pass') ? '' : `its report counts ${counted} passed tests, and its log ${count('pass')}`
}
