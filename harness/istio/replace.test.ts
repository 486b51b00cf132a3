import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Images } from '#images/images.ts'
import { labOf, type Lab } from '#lab/lab.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { removeDefaultTag, setDefaultTag, uninstallControlPlane } from './replace.ts'

const never = new AbortController().signal
const charts = { base: '/charts/base', istiod: '/charts/istiod', gateway: '/charts/gateway' }

/** A lab, the same lab with a revision, and the words of each call of Helm or istioctl. */
const twoLabs = async (helm: boolean): Promise<{ from: Lab; to: Lab; called: () => Promise<string[]> }> => {
  await emptyCache()
  const log = join(await scratchFolder(), 'lines')
  for (const program of ['helm', 'istioctl'])
    await fakeProgram(`fake-${program}`, `echo "${program} $@" | sed 's/ --kubeconfig [^ ]*//' >> ${log}`)
  const { runId, topology, images: plain } = await idleLab()
  const images: Images = {
    ...plain,
    istioctl: 'fake-istioctl',
    ...(helm ? { helm: { program: 'fake-helm', version: 'v4.3.1', charts } } : {}),
  }
  return {
    from: labOf(runId, topology, images),
    to: labOf(runId, { ...topology, revision: 'next' }, images),
    called: async () => (await readFile(log, 'utf8')).trim().split('\n'),
  }
}

test('by Helm, tags are values of the charts, and a revision is removed as a release', async () => {
  const { from, to, called } = await twoLabs(true)
  await setDefaultTag(to, to.primary, never)
  await uninstallControlPlane(from, to, 'cluster1', never)
  await removeDefaultTag(to, to.primary, never)
  const change = (release: string, chart: string, value: string): string =>
    `helm upgrade ${release} ${chart} --force-conflicts --reuse-values --set-json ${value} --namespace istio-system`
  expect(await called()).toEqual([
    change('istiod-next', charts.istiod, 'revisionTags=["default"]'),
    change('istio-base', charts.base, 'defaultRevision="next"'),
    'helm uninstall istiod --namespace istio-system',
    change('istiod-next', charts.istiod, 'revisionTags=[]'),
    change('istio-base', charts.base, 'defaultRevision="default"'),
  ])
})

test('by istioctl, tags are its own command', async () => {
  const { to, called } = await twoLabs(false)
  await setDefaultTag(to, to.primary, never)
  await removeDefaultTag(to, to.primary, never)
  expect(await called()).toEqual([
    'istioctl tag set default --revision next --overwrite --skip-confirmation --istioNamespace istio-system',
    'istioctl tag remove default --skip-confirmation --istioNamespace istio-system',
  ])
})
