import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { harnessImage } from '#images/source/harness-image.ts'
import { byHandLab, type ByHandLab } from './by-hand-lab.ts'
import { chartFolder, helmProgram } from './chart.ts'
import { meshproof } from './product.ts'

const root = resolve(import.meta.dirname, '../../..')

/** The flags of the first cluster’s release. Its CronJob does not start by itself. */
export const chartFlags = [
  '--set=contexts={in-cluster,cluster2}',
  '--set=diagnosis.schedule=@yearly',
  '--set=suites.enabled=true',
  '--set=metrics.enabled=true',
]

/** A lab with the chart in both clusters. The first has the harness’s image, and access to the second. */
export type InsideLab = ByHandLab & {
  /** The path of Helm. */
  helmProgram: string
  /** Runs Helm against the first cluster, in the harness’s namespace. */
  helmInside: (...args: string[]) => Promise<string>
  /** Runs kubectl against the first cluster, in the harness’s namespace. */
  kubectlInside: (...args: string[]) => Promise<string>
  /** Applies objects as YAML. */
  apply: (context: string, yaml: string, ...flags: string[]) => Promise<void>
  /** Writes a kubeconfig of both clusters for a service account of the harness’s namespace. Returns its path. */
  kubeconfigFor: (account: string) => Promise<string>
  folder: string
}

/** Builds the image and brings such a lab up. The lab stays until `down`. */
export const insideLab = async (): Promise<InsideLab> => {
  const built = await meshproof(['images', 'build', '--harness'])
  if (built.exitCode !== 0) throw new Error(built.output)
  const program = await helmProgram()
  const lab = await byHandLab('primary-remote')
  try {
    return await prepared(lab, program)
  } catch (error) {
    await lab.down()
    throw error
  }
}

const prepared = async (lab: ByHandLab, program: string): Promise<InsideLab> => {
  const { contexts, kubectl } = lab
  const [first = ''] = contexts
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-inside-'))
  // By default istiod requests so much of a node with two cores that no pod of the harness fits beside its workloads.
  await kubectl(first, '--namespace=istio-system', 'set', 'resources', 'deployment/istiod', '--requests=cpu=100m')
  await kubectl(first, '--namespace=istio-system', 'rollout', 'status', 'deployment/istiod', '--timeout=120s')
  await Promise.all(
    contexts.map((context) =>
      execa('sh', [
        '-c',
        'docker save "$1" | docker exec --interactive "$2" ctr --namespace k8s.io images import --digests -',
        'sh',
        harnessImage,
        nodeOf(context),
      ]),
    ),
  )
  const helmAt = async (context: string, ...args: string[]): Promise<string> => {
    const place = ['--kube-context', context, '--namespace', 'meshproof']
    // The lab has a kubeconfig for each cluster, joined by “:”. The flag takes only one.
    const env = { KUBECONFIG: lab.kubeconfig, HELM_CACHE_HOME: folder }
    return (await execa(program, [...args, ...place], { env })).stdout
  }
  for (const context of contexts) {
    await kubectl(context, 'create', 'namespace', 'meshproof')
    const labels = ['pod-security.kubernetes.io/enforce=restricted', 'istio-injection=disabled']
    await kubectl(context, 'label', 'namespace', 'meshproof', ...labels)
    await helmAt(context, 'install', 'meshproof', chartFolder, '--set=suites.enabled=true')
  }

  // Pods reach an API server at the address of its node. This machine reaches it at a published port.
  const writeKubeconfig = async (account: string, users: 'machine' | 'pods' = 'machine'): Promise<string> => {
    const parts = await Promise.all(
      contexts.map(async (context, index) => {
        const {
          clusters: [configured],
        } = JSON.parse(await kubectl(context, 'config', 'view', '--raw', '--minify', '--output=json')) as {
          clusters: { cluster: object }[]
        }
        const address = await kubectl(
          context,
          'get',
          'nodes',
          '--output=jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}',
        )
        const token = await kubectl(context, '--namespace=meshproof', 'create', 'token', account, '--duration=2h')
        return {
          name: `cluster${index + 1}`,
          cluster: { ...configured?.cluster, ...(users === 'pods' ? { server: `https://${address}:6443` } : {}) },
          user: { token },
        }
      }),
    )
    const file = join(folder, `${account}-${users}.json`)
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: parts.map(({ name, cluster }) => ({ name, cluster })),
        users: parts.map(({ name, user }) => ({ name, user })),
        contexts: parts.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
      }),
      { mode: 0o600 },
    )
    return file
  }
  for (const account of ['meshproof', 'meshproof-diagnosis']) {
    await kubectl(
      first,
      '--namespace=meshproof',
      'create',
      'secret',
      'generic',
      `${account}-kubeconfig`,
      `--from-file=config=${await writeKubeconfig(account, 'pods')}`,
    )
  }
  await helmAt(first, 'upgrade', 'meshproof', chartFolder, ...chartFlags)
  return {
    ...lab,
    folder,
    helmProgram: program,
    helmInside: (...args) => helmAt(first, ...args),
    kubeconfigFor: (account) => writeKubeconfig(account),
    kubectlInside: (...args) => kubectl(first, '--namespace=meshproof', ...args),
    apply: async (context, yaml, ...flags) => {
      const file = join(folder, 'objects.yaml')
      await writeFile(file, yaml)
      await kubectl(context, ...flags, 'apply', '--filename', file)
    },
  }
}

const nodeOf = (context: string): string => `${context.replace(/^kind-/, '')}-control-plane`

/** The shell block of a page of the documentation that contains a text. @throws Error when there is none. */
export const shellBlockOf = async (page: string, text: string): Promise<string> => {
  const blocks = [...(await readFile(join(root, 'docs', page), 'utf8')).matchAll(/```sh\n([\s\S]*?)```/g)].map(
    ([, block = '']) => block,
  )
  const found = blocks.find((block) => block.includes(text))
  if (found === undefined) throw new Error(`docs/${page} has no block with ${text}`)
  return found
}
