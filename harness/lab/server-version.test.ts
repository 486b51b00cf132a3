import { expect, test } from 'vitest'
import { apiServerOf } from '#testing/fake-clusters.ts'
import { requireServerVersion } from './server-version.ts'

test('a cluster of another version than the pins name is refused', async () => {
  const server = await apiServerOf([], { version: 'v1.33.13' })
  const { kube } = server.cluster('cluster1')
  await requireServerVersion('cluster1', kube, 'v1.33.13')
  await expect(requireServerVersion('cluster1', kube, 'v1.33.1')).rejects.toMatchObject({
    code: 'MP-352',
    exitCode: 2,
    message: expect.stringMatching(/\(cluster1\).*v1\.33\.13.*v1\.33\.1$/),
  })
  server.close()
  await expect(requireServerVersion('cluster1', kube, 'v1.33.13')).rejects.toMatchObject({
    code: 'MP-406',
    message: expect.stringContaining('cluster1'),
  })
})
