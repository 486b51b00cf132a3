import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { harnessFiles, ownParts } from './harness-files.ts'

test('the image holds what the harness runs with, and no more than it may', async () => {
  const files = await harnessFiles({ base: import.meta.filename, sbom: import.meta.filename, ...(await ownParts()) })
  const paths = files.map(({ to }) => to)
  expect(paths).toEqual(
    expect.arrayContaining([
      'Dockerfile',
      'base.tar',
      'meshproof/sbom.spdx.json',
      'program/meshproof',
      'meshproof/harness/cli/main.ts',
      'meshproof/harness/run/vitest/checks.spec.ts',
      'meshproof/harness/report/html/page.css',
      'meshproof/harness/report/html/traffic-script.js',
      'meshproof/harness/report/html/upgrade-page.css',
      'meshproof/suites/reach.suite.ts',
      'meshproof/fixtures/workloads/sleep.yaml',
      'meshproof/fixtures/images/release.yaml',
      'meshproof/scripts/with-node.mjs',
      'node_modules/node/bin/node',
      'node_modules/vitest/package.json',
    ]),
  )
  expect(
    paths.filter((path) => /\.test\.ts$|^node_modules.*\.ts$|\/typescript\/|\/playwright-core\/|\/oxlint/.test(path)),
  ).toEqual([])
  expect(new Set(paths).size).toBe(paths.length)
  expect(files.filter(({ mode }) => mode === 0o755).map(({ to }) => to)).toEqual([
    'program/meshproof',
    'node_modules/node/bin/node',
  ])
  const sizes = await Promise.all(files.map(async ({ from }) => (await stat(from)).size))
  // Of 250 MB; Debian's part takes 16.
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(230e6)
})
