import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import ownPackage from '../../../../package.json' with { type: 'json' }
import { engineInfo, nodeArchitecture } from '#engine/docker.ts'
import { artifact } from '#images/cache.ts'
import { shellBlockOf } from '#testing/e2e/inside-lab.ts'
import { startRegistry, type Registry } from '../../../../scripts/rehearsal/registry.ts'

const root = resolve(import.meta.dirname, '../../../..')
/** cosign is compiled from its Go module. The documents name its major version. */
const cosignModule = 'github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3'

const Index = z.object({
  manifests: z.array(
    z.object({ digest: z.string(), platform: z.object({ architecture: z.string(), os: z.string() }) }),
  ),
})
const Bill = z.object({ packages: z.array(z.object({ name: z.string() })) })

/** The processor of a program, by the field `e_machine` of its ELF header. */
const processors: Record<number, string> = { 0x3e: 'amd64', 0xb7: 'arm64' }

let folder: string
let registry: Registry
let image: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshproof-image-'))
  const storage = join(folder, 'storage')
  for (const made of [storage, join(folder, 'bin')]) await mkdir(made)
  const program = join(folder, 'bin/meshproof')
  await writeFile(program, `#!/bin/sh\nexec node ${root}/scripts/meshproof.mjs "$@"\n`)
  await chmod(program, 0o755)
  registry = await startRegistry({ arch: nodeArchitecture(await engineInfo()), port: 15504, storage })
  image = `${registry.host}/meshproof`
}, 5 * 60_000)
afterAll(async () => {
  await registry.stop()
  const tags = ['amd64', 'arm64'].map((processor) => `${ownPackage.version}-${processor}`)
  const names = tags.flatMap((tag) => [`meshproof:${tag}`, `${image}:${tag}`])
  await execa('docker', ['rmi', ...names], { reject: false })
  await rm(folder, { recursive: true })
})

/** Runs shell commands of the documentation in the folder. Docker’s client asks this registry without TLS. */
const inShell = async (commands: string, programs: readonly string[] = []): Promise<string> => {
  const path = [join(folder, 'bin'), ...programs, process.env['PATH']].join(delimiter)
  const { stdout } = await execa('bash', ['-euc', commands.replaceAll('REGISTRY', registry.host)], {
    cwd: folder,
    env: { PATH: path, DOCKER_CONFIG: join(folder, 'docker'), COSIGN_PASSWORD: 'secret' },
    stdin: 'ignore',
  })
  return stdout
}

const publishedIndex = async (): Promise<z.infer<typeof Index>> => {
  const accept = [
    'application/vnd.docker.distribution.manifest.list.v2+json',
    'application/vnd.oci.image.index.v1+json',
  ].join()
  const address = `http://${registry.host}/v2/meshproof/manifests/${ownPackage.version}`
  return Index.parse(await (await fetch(address, { headers: { accept } })).json())
}

/** A file of an image in the registry. The image is not run: it may be for another processor. */
const fileOf = async (digest: string, path: string): Promise<Buffer> => {
  const { stdout: container } = await execa('docker', ['create', `${image}@${digest}`])
  const to = join(folder, 'copied')
  try {
    await execa('docker', ['cp', '--follow-link', `${container}:${path}`, to])
    return await readFile(to)
  } finally {
    await execa('docker', ['rm', container])
    await rm(to, { force: true })
  }
}

test(
  'the commands of the documentation make one image for both processors, each with its Node and its bill of materials',
  async () => {
    const commands = await shellBlockOf('in-cluster.md', 'docker manifest create')
    const digest = (await inShell(commands.replaceAll(/docker manifest (create|push)/g, '$& --insecure')))
      .trim()
      .split('\n')
      .at(-1)
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/)

    const { manifests } = await publishedIndex()
    expect(manifests.map(({ platform: { os, architecture } }) => `${os}/${architecture}`).sort()).toEqual([
      'linux/amd64',
      'linux/arm64',
    ])
    for (const { digest: of, platform } of manifests) {
      const node = await fileOf(of, '/opt/meshproof/node_modules/node/bin/node')
      expect(processors[node.readUInt16LE(18)]).toBe(platform.architecture)
      const bill = Bill.parse(JSON.parse((await fileOf(of, '/opt/meshproof/sbom.spdx.json')).toString()))
      expect(bill.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'commander', 'libc6']))
      await execa('docker', ['rmi', `${image}@${of}`], { reject: false })
    }
  },
  15 * 60_000,
)

test(
  'cosign signs the image with a key in a file by the commands of the documentation, and refuses another key',
  async () => {
    const cosign = await artifact('test-cosign', cosignModule.replaceAll(/[^\w.-]/g, '-'), async (into) => {
      await execa('go', ['install', cosignModule], { env: { GOBIN: into } })
    })
    const { manifests } = await publishedIndex()
    const list = await fetch(`http://${registry.host}/v2/meshproof/manifests/${ownPackage.version}`, {
      headers: { accept: 'application/vnd.docker.distribution.manifest.list.v2+json' },
    })
    const digest = list.headers.get('docker-content-digest') ?? ''
    expect(manifests).toHaveLength(2)
    const commands = (await shellBlockOf('in-cluster.md', 'cosign generate-key-pair')).replace('sha256:DIGEST', digest)
    await inShell(commands, [cosign])
    await inShell('mkdir other && cd other && cosign generate-key-pair', [cosign])
    const verify = `cosign verify --key=other/cosign.pub --insecure-ignore-tlog=true ${image}@${digest}`
    await expect(inShell(verify, [cosign])).rejects.toThrow(/signature/)
  },
  40 * 60_000,
)
