import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchFolder, setVariable } from '#testing/edge.ts'
import { podAccount } from './own-account.ts'

const podFiles = async (): Promise<string> => {
  const root = await scratchFolder()
  const folder = join(root, 'var/run/secrets/kubernetes.io/serviceaccount')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'ca.crt'), 'authority')
  await writeFile(join(folder, 'token'), 'of-the-pod')
  return root
}

test('the account of a pod is for the cluster in which the pod runs', async () => {
  setVariable('KUBERNETES_SERVICE_HOST', 'fd00::1')
  setVariable('KUBERNETES_SERVICE_PORT', '443')
  const root = await podFiles()
  const config = podAccount(root)
  expect(config?.getCurrentCluster()).toMatchObject({
    server: 'https://[fd00::1]:443',
    caData: Buffer.from('authority').toString('base64'),
    skipTLSVerify: false,
  })
  const request = { headers: {} }
  await config?.applyToHTTPSOptions(request)
  expect(request.headers).toEqual({ Authorization: 'Bearer of-the-pod' })
})

test('without an account there is no configuration', async () => {
  const root = await podFiles()
  setVariable('KUBERNETES_SERVICE_HOST', '')
  expect(podAccount(root)).toBeUndefined()
  setVariable('KUBERNETES_SERVICE_HOST', '10.0.0.1')
  expect(podAccount(join(root, 'elsewhere'))).toBeUndefined()
})
