import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheFolder } from '#images/cache.ts'
import { krewPlugin } from './krew-plugin.ts'

test('the archive for krew has the checksum of its manifest, and kubectl runs what krew would install', async () => {
  await using plugin = await krewPlugin()
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64'
  expect(plugin.platform).toMatchObject({ sha256: plugin.hash, selector: { matchLabels: { os: 'linux', arch } } })
  expect(await readdir(plugin.store)).toContain('LICENSE')

  const artifacts = join(cacheFolder(), 'artifacts')
  const folder = (await readdir(artifacts)).find((name) => name.startsWith('kubectl-')) ?? ''
  const kubectl = join(artifacts, folder, 'kubectl')
  expect(await plugin.run(kubectl, ['list'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('reach.both-versions'),
  })
  expect(await plugin.run(kubectl, ['diagnose', '--contexts=a,b', '--kubeconfig=none'])).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('MP-116'),
  })
})
