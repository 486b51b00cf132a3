import { expect, test } from 'vitest'
import { emptyCache, errorOf, fakeProgram } from '#testing/edge.ts'
import { requireConformance, requireIstioTests } from './programs.ts'

const progress = (): undefined => undefined

const noProxy = `echo 'dial tcp: lookup modules.example: no such host' >&2; exit 1`

test('a judge whose module cannot be had is refused, and named', async () => {
  await emptyCache()
  await fakeProgram('go', noProxy)
  expect(await errorOf(requireConformance('v1.6.3', progress))).toMatchObject({
    code: 'MP-370',
    exitCode: 2,
    message: expect.stringMatching(
      /judge gateway-api .*sigs\.k8s\.io\/gateway-api\/conformance v1\.6\.3.*no such host/,
    ),
    next: expect.stringContaining('GOPROXY'),
  })
  expect(await errorOf(requireIstioTests({ release: '1.31-dev', packages: ['pilot'] }, progress))).toMatchObject({
    code: 'MP-370',
    exitCode: 2,
    message: expect.stringMatching(/judge istio .*istio\.io\/istio of 1\.31-dev.*no such host/),
  })
})

test('published images are judged by the tests of their minor version', async () => {
  await emptyCache()
  await fakeProgram(
    'go',
    `case "$1" in mod) echo '{"Dir": "/module"}';; *) while [ "$1" != -o ]; do shift; done; echo > "$2";; esac`,
  )
  const tests = await requireIstioTests({ release: '1.30.2', packages: ['pilot'] }, progress)
  expect(tests.programs.get('pilot')).toContain('istio-tests-pilot-1.30-dev')
})

test('a release of which no tests are pinned is refused', async () => {
  expect(await errorOf(requireIstioTests({ release: '1.19.0', packages: ['pilot'] }, progress))).toMatchObject({
    code: 'MP-370',
    message: expect.stringContaining('1.31-dev'),
    next: expect.stringContaining('--with=gateway-api'),
  })
})
