import { expect, test } from 'vitest'
import type { Lab } from '#lab/lab.ts'
import { emptyCache, fakeProgram } from '#testing/edge.ts'
import { fakeKube } from '#testing/fake-kube.ts'
import { idleLab, variant } from '#testing/idle-lab.ts'
import { istioctl, uninstallIstio } from './istioctl.ts'

const never = new AbortController().signal

/** A lab of another root namespace whose istioctl is a shell script. */
const withIstioctl = async (script: string): Promise<Lab> => {
  await emptyCache()
  await fakeProgram('fake-istioctl', script)
  const lab = await idleLab({ ...(await variant('gateway')), istioNamespace: 'mesh-root' })
  lab.primary.istioctl = 'fake-istioctl'
  return lab
}

test('a command that asks a cluster is told its root namespace', async () => {
  const { primary } = await withIstioctl('echo "$@"')
  expect(await istioctl(primary, ['tag', 'list'], never)).toBe(
    `tag list --kubeconfig ${primary.kubeconfig} --istioNamespace mesh-root`,
  )
})

test('what is rendered of an operator is rendered for the root namespace', async () => {
  // Of two operators, the first alone has a config map: in the namespace that its document names.
  const { primary } = await withIstioctl(
    'text=$(cat); case "$text" in *was*) printf "%s" "$text" | sed -n "s/^  namespace: /namespace: /p" |' +
      ' sed "s/.*/apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: istio, &}/";; esac',
  )
  const standing = ['mesh-root', 'istio-system'].map((namespace) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'istio', namespace },
  }))
  const kube = fakeKube(...standing)
  Object.defineProperty(primary, 'kube', { value: kube })
  await uninstallIstio({ cluster: primary, spec: { was: true } }, { cluster: primary, spec: {} }, never)
  expect(kube.objects.map(({ metadata }) => metadata?.namespace)).toEqual(['istio-system'])
})
