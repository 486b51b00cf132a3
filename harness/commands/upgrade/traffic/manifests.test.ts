import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { scratchFolder } from '#testing/edge.ts'
import { proberDeployments, probersIn } from './manifests.ts'
import { planProbes } from './plan-probes.ts'

const probes = planProbes({ mtls: 'strict', clusters: [{ name: 'cluster1' }, { name: 'cluster2' }], streams: true })
type Deployed = {
  kind: string
  metadata: { name: string; namespace: string }
  spec: { template: { spec: { containers: [{ command: string[]; args: string[] }] } } }
}
const deployed = async (): Promise<Deployed[]> =>
  ((await probersIn('cluster1', probes, 'mesh.example/curl:1')) as unknown as Deployed[]).filter(
    ({ kind }) => kind === 'Deployment',
  )
const argumentsFor = async (file: string): Promise<string[] | undefined> => {
  const args = (await deployed()).flatMap(({ spec }) => spec.template.spec.containers[0].args)
  return args.includes(file) ? args.slice(args.indexOf(file), args.indexOf(file) + 4) : undefined
}

describe('the clients of a cluster', () => {
  it('are one pod for each way that a client is treated', async () => {
    expect((await deployed()).map(({ metadata: { namespace, name } }) => [namespace, name])).toEqual(
      proberDeployments.map(({ namespace, name }) => [namespace, name]),
    )
  })

  it('ask what their probe is for', async () => {
    expect(await argumentsFor('cluster1-cluster2-new-connection-no-retries')).toEqual([
      'cluster1-cluster2-new-connection-no-retries',
      'new',
      'retries: none',
      'http://target-in-cluster2-once.app1:5000/hello',
    ])
    expect(await argumentsFor('cluster1-cluster2-keep-alive')).toEqual([
      'cluster1-cluster2-keep-alive',
      'kept',
      'retries: default',
      'http://target-in-cluster2.app1:5000/hello',
    ])
    expect((await argumentsFor('cluster1-cluster1-stream'))?.slice(1)).toEqual([
      'stream',
      'retries: default',
      'http://target-in-cluster1-once.app1:5000/stream',
    ])
    expect((await argumentsFor('cluster1-cluster1-wrong-subset'))?.slice(1)).toEqual([
      'refused',
      'subset: none',
      'http://target-in-cluster1-once.app1:5000/hello',
    ])
    expect((await argumentsFor('cluster1-cluster1-outside'))?.slice(1)).toEqual([
      'new',
      'retries: default',
      'http://target-in-cluster1-once.legacy:5000/hello',
    ])
    expect(await argumentsFor('cluster2-cluster1-keep-alive')).toBeUndefined()
  })
})

describe('a client that is told to end', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meshproof-prober-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('waits for the request of each probe that is on its way, and ends them all', async () => {
    const script = ((await deployed())[0]?.spec.template.spec.containers[0].command[2] ?? '').replace(
      'cd /accounts',
      `cd ${folder}`,
    )
    // A curl whose second answer comes when the test says so: a request that is killed before leaves a line that has
    // begun and not ended.
    const answer = join(await scratchFolder(), 'answer')
    await writeFile(
      join(folder, 'curl'),
      `#!/bin/sh
printf "$$ ended\nbegun "
until [ -e '${answer}' ]; do sleep 0.02; done
while :; do printf "ended\nbegun "; sleep 0.3; done
`,
      { mode: 0o755 },
    )
    const client = spawn(
      'sh',
      ['-c', script, 'prober', 'one', 'kept', 'a: b', 'http://x/hello', 'two', 'new', 'a: b', 'http://x/hello'],
      { env: { PATH: `${folder}:${process.env['PATH']}` } },
    )
    const accounts = (): Promise<string[]> =>
      Promise.all(['one', 'two'].map((file) => readFile(join(folder, file), 'utf8')))
    await expect.poll(accounts).toEqual([expect.stringContaining('begun'), expect.stringContaining('begun')])
    client.kill('SIGTERM')
    const exit = once(client, 'exit') as Promise<[number]>
    // By then the client knows that it ends, and waits for the answers.
    await sleep(300)
    await writeFile(answer, '')
    const [code] = await exit
    const written = await accounts()
    expect(code).toBe(0)
    expect((await readdir(folder)).sort()).toEqual(['curl', 'one', 'two'])
    // The request that began before it was told to end has ended, and no other after it.
    expect(written.map((text) => text.match(/ended/g)?.length)).toEqual([2, 2])
    const left = await Promise.all(
      written.map((text) =>
        promisify(execFile)('kill', ['-0', text.split(' ')[0] ?? '']).then(
          () => 'runs',
          () => 'gone',
        ),
      ),
    )
    expect(left).toEqual(['gone', 'gone'])
  })
})
