import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder, setVariable } from '#testing/edge.ts'
import { ownAccount } from './own-account.ts'

const mounted = async (): Promise<string> => {
  const root = await scratchFolder()
  const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'ca.crt'), 'authority')
  await writeFile(join(folder, 'token'), 'of-the-pod')
  return root
}

test('a pod’s account leads to the cluster that it runs in', async () => {
  setVariable('KUBERNETES_SERVICE_HOST', 'fd00::1')
  setVariable('KUBERNETES_SERVICE_PORT', '443')
  const root = await mounted()
  const config = ownAccount(root)
  expect(config?.getCurrentCluster()).toMatchObject({
    server: 'https://[fd00::1]:443',
    caData: Buffer.from('authority').toString('base64'),
    skipTLSVerify: false,
  })
  const asked = { headers: {} }
  await config?.applyToHTTPSOptions(asked)
  expect(asked.headers).toEqual({ Authorization: 'Bearer of-the-pod' })
})

test('without an account there is no way', async () => {
  const root = await mounted()
  setVariable('KUBERNETES_SERVICE_HOST', '')
  expect(ownAccount(root)).toBeUndefined()
  setVariable('KUBERNETES_SERVICE_HOST', '10.0.0.1')
  expect(ownAccount(join(root, 'elsewhere'))).toBeUndefined()
})
