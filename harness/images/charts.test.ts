import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { findCharts, requireCharts } from './charts.ts'
import { moduleFolder } from './source/go.ts'

/** A folder with these files; the text of a file that ends in Chart.yaml names a chart. */
const folderWith = async (files: Record<string, string>): Promise<string> => {
  const folder = await scratchFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return folder
}

const laidOut = {
  'base/Chart.yaml': 'name: base',
  'gateway/Chart.yaml': 'name: gateway',
  'istio-control/istio-discovery/Chart.yaml': 'name: istiod',
}

test('charts are found by the names in their Chart.yaml, as in Istio’s source', async () => {
  const folder = await folderWith({ ...laidOut, 'gateways/istio-ingress/Chart.yaml': 'name: istio-ingress' })
  expect(await findCharts(folder)).toEqual({
    base: join(folder, 'base'),
    istiod: join(folder, 'istio-control/istio-discovery'),
    gateway: join(folder, 'gateway'),
  })
})

test('archives of charts are found by the names of their files, and before what is deeper', async () => {
  const archives = ['base-1.30.4.tgz', 'istiod-1.30.4.tgz', 'gateway-1.31.0-rc.1.tgz']
  const folder = await folderWith({
    ...Object.fromEntries(archives.map((archive) => [archive, ''])),
    'old/istiod/Chart.yaml': 'name: istiod',
  })
  const [base, istiod, gateway] = archives.map((archive) => join(folder, archive))
  expect(await findCharts(folder)).toEqual({ base, istiod, gateway })
})

test.each<[string, Record<string, string>, string]>([
  ['without anything', {}, 'no chart is called base or istiod or gateway, and there is no other'],
  [
    'without one of them',
    { ...laidOut, 'gateway/Chart.yaml': 'name: ingress' },
    'no chart is called gateway; it has base, ingress, istiod',
  ],
  ['whose Chart.yaml cannot be read', { ...laidOut, 'base/Chart.yaml': '}{' }, 'no chart is called base'],
])('a folder %s is refused', async (_, files, why) => {
  const folder = await folderWith(files)
  expect(await errorOf(findCharts(folder))).toMatchObject({
    code: 'MP-360',
    message: expect.stringContaining(`(${folder}): ${why}`),
  })
})

test('charts need Helm, and a folder that has them; a repository is asked later', async () => {
  expect(await errorOf(requireCharts({ charts: await folderWith(laidOut) }))).toMatchObject({ code: 'MP-136' })
  expect(await errorOf(requireCharts({ installer: 'helm', charts: '/nonexistent' }))).toMatchObject({
    code: 'MP-360',
    message: expect.stringContaining('no such file or directory'),
  })
  await requireCharts({ installer: 'helm', charts: await folderWith(laidOut) })
  await requireCharts({ installer: 'helm', charts: 'oci://charts.example/istio' })
  await requireCharts({ installer: 'helm' })
})

test('the source that is built has the charts of its release', async () => {
  const charts = await findCharts(join(await moduleFolder('istio', 'istio.io/istio'), 'manifests/charts'))
  expect(Object.values(charts)).toHaveLength(3)
})
