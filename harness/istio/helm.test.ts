import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { HelmImages } from '#images/images.ts'
import type { LabCluster } from '#lab/lab.ts'
import { emptyCache, errorOf, failingWith, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { installReleases } from './helm.ts'

const never = new AbortController().signal
const helm: HelmImages = {
  program: 'fake-helm',
  version: 'v4.3.1',
  charts: { base: '/charts/base', istiod: '/charts/istiod', gateway: '/charts/gateway' },
}

/** A cluster of a lab with another root namespace, where Helm is a shell script. */
const clusterWith = async (script: string): Promise<LabCluster> => {
  await emptyCache()
  await fakeProgram('fake-helm', script)
  return (await idleLab({ ...(await variant('gateway')), istioNamespace: 'mesh-root' })).primary
}

test('releases are installed or upgraded in order, in the root namespace, with their values on stdin', async () => {
  const log = await scratchFolder()
  const cluster = await clusterWith(`echo "$@" >> ${log}/lines; cat > ${log}/$3; env > ${log}/env`)
  await installReleases(
    cluster,
    helm,
    [
      { name: 'istio-base', chart: 'base', values: { global: { istioNamespace: 'mesh-root' } } },
      { name: 'istiod', chart: 'istiod', values: { autoscaleEnabled: false } },
    ],
    never,
  )
  const place = `--namespace mesh-root --kubeconfig ${cluster.kubeconfig}`
  const how = '--take-ownership --force-conflicts --values -'
  expect((await readFile(join(log, 'lines'), 'utf8')).trim().split('\n')).toEqual([
    `upgrade --install istio-base /charts/base ${how} ${place}`,
    `upgrade --install istiod /charts/istiod ${how} ${place}`,
  ])
  expect(parse(await readFile(join(log, 'istiod'), 'utf8'))).toEqual({ autoscaleEnabled: false })
  expect(await readFile(join(log, 'env'), 'utf8')).toMatch(/HELM_CONFIG_HOME=.*\/runs\//)
})

test('what Helm refuses is told in its own words, and no later release is installed', async () => {
  const cluster = await clusterWith(failingWith('level=WARN msg="unable"\nError: UPGRADE FAILED: unknown profile x'))
  const error = await errorOf(installReleases(cluster, helm, [{ name: 'istiod', chart: 'istiod', values: {} }], never))
  expect(error).toMatchObject({
    code: 'MP-502',
    message: 'helm upgrade failed (cluster1): Error: UPGRADE FAILED: unknown profile x',
  })
})
