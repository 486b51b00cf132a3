import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Lab } from '#lab/lab.ts'
import { emptyCache, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { idleLab } from '#testing/idle-lab.ts'
import { install } from './install.ts'
import { remoteOf } from './installation.ts'

const never = new AbortController().signal

/** A lab whose programs write what they are called with, and the file that they write to. */
const withPrograms = async (): Promise<{ lab: Lab; called: () => Promise<string[]> }> => {
  await emptyCache()
  const log = join(await scratchFolder(), 'lines')
  for (const program of ['istioctl', 'helm'])
    await fakeProgram(`fake-${program}`, `cat > /dev/null; echo "${program} $1 $2 $3" >> ${log}`)
  const lab = await idleLab()
  for (const cluster of lab.clusters) {
    cluster.istioctl = 'fake-istioctl'
    cluster.applyText = () => Promise.resolve([])
  }
  return { lab, called: async () => (await readFile(log, 'utf8')).trim().split('\n') }
}

test('istioctl installs a lab whose images have no Helm', async () => {
  const { lab, called } = await withPrograms()
  const remote = lab.cluster('cluster2')
  await install(remote, lab, remoteOf(remote, lab, '172.18.0.9'), never)
  expect(await called()).toEqual(['istioctl manifest generate --filename'])
})

test('Helm installs a lab whose images have it', async () => {
  const { lab, called } = await withPrograms()
  const remote = lab.cluster('cluster2')
  lab.images.helm = {
    program: 'fake-helm',
    version: 'v4.3.1',
    charts: { base: 'base', istiod: 'istiod', gateway: 'gateway' },
  }
  await install(remote, lab, remoteOf(remote, lab, '172.18.0.9'), never)
  expect(await called()).toEqual(['helm upgrade --install istio-base', 'helm upgrade --install istiod'])
})
