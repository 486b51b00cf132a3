import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { harnessImage } from '#images/source/harness-image.ts'
import { byHandLab, type ByHandLab } from './by-hand-lab.ts'
import { meshproof } from './product.ts'

const root = resolve(import.meta.dirname, '../../..')

/** The path of a manifest for use inside a cluster. */
export const manifest = (name: string): string => join(root, 'fixtures/manifests', `${name}.yaml`)

/** A lab whose first cluster has the harness’s image and, with the rights of the manifests, access to the second. */
export type InsideLab = ByHandLab & {
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
  const lab = await byHandLab('primary-remote')
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
  for (const context of contexts)
    for (const name of ['diagnosis-rbac', 'suites-rbac']) await kubectl(context, 'apply', '--filename', manifest(name))

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
  return {
    ...lab,
    folder,
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
