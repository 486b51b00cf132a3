import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { emptyCache, errorOf, failingWith, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { pullCharts } from './pull-charts.ts'

/** A Helm that pulls an empty chart of every name, and the lines of arguments that it was called with. */
const pullingHelm = async (): Promise<() => Promise<string[]>> => {
  await emptyCache()
  const log = join(await scratchFolder(), 'lines')
  await fakeProgram(
    'fake-helm',
    `echo "$@" | sed 's|--destination [^ ]*|--destination FOLDER|' >> ${log}
name=$2; while [ "$1" != --destination ]; do shift; done; echo x > "$2/\${name##*/}-1.30.4.tgz"`,
  )
  return async () => (await readFile(log, 'utf8')).trim().split('\n')
}
const program = 'fake-helm'

test('charts of an OCI registry are pulled in the version of the release', async () => {
  const called = await pullingHelm()
  const charts = await pullCharts('oci://charts.example/istio/', { program, version: '1.30.4' })
  expect(await called()).toEqual(
    ['base', 'istiod', 'gateway'].map(
      (name) => `pull oci://charts.example/istio/${name} --destination FOLDER --version 1.30.4`,
    ),
  )
  expect(charts.istiod).toMatch(/\/istiod-1\.30\.4\.tgz$/)
})

test('with a mirror they come from there, and from this machine by plain HTTP', async () => {
  const called = await pullingHelm()
  await pullCharts('oci://charts.example:8443/istio', { program, registry: '127.0.0.1:5000/mirror' })
  expect((await called())[0]).toBe(
    'pull oci://127.0.0.1:5000/mirror/charts.example_8443/istio/base --plain-http --destination FOLDER',
  )
})

test('charts of a repository with an index are pulled by its address', async () => {
  const called = await pullingHelm()
  await pullCharts('https://charts.example/istio', { program })
  expect((await called())[2]).toBe('pull gateway --repo https://charts.example/istio --destination FOLDER')
})

test('what Helm cannot pull is told in its own words', async () => {
  await emptyCache()
  await fakeProgram('fake-helm', failingWith('level=WARN msg=x\nError: charts.example/istio/base:latest: not found'))
  expect(await errorOf(pullCharts('oci://charts.example/istio', { program }))).toMatchObject({
    code: 'MP-361',
    message:
      'Chart base could not be pulled (oci://charts.example/istio/base): charts.example/istio/base:latest: not found',
  })
})
