import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { metrics } from '#report/metrics.ts'
import { Results } from '#results/results.ts'
import { failingRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { resultMap } from './store-results.ts'

const place = { namespace: 'proofs', name: 'suites-1' }

test('the whole results are in it, and what one wants to know at a glance in words', async () => {
  const results = await failingRun()
  const { metadata, data, binaryData } = resultMap(
    place,
    { results, folder: 'reports/gateway-1' },
    { name: 'suites', uid: 'of-the-job' },
  )
  expect(metadata).toMatchObject({
    ...place,
    labels: {
      'app.kubernetes.io/name': 'meshproof',
      'app.kubernetes.io/component': 'results',
      'batch.kubernetes.io/job-name': 'suites',
    },
    ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'suites', uid: 'of-the-job' }],
  })
  expect(data).toMatchObject({
    verdict: 'fail',
    exitCode: '1',
    folder: 'gateway-1',
    run: results.run.id,
    summary: expect.stringContaining('first broken layer: network'),
    'metrics.prom': metrics(results),
  })
  const { 'results.json.gz': compressed = '' } = binaryData as Record<string, string>
  expect(Results.parse(JSON.parse(gunzipSync(Buffer.from(compressed, 'base64')).toString()))).toEqual(results)
})

test('without a Job it belongs to nobody', () => {
  expect(
    resultMap(place, { results: resultsOf(topologyResult([checkResult()])), folder: 'a' }, undefined).metadata,
  ).not.toHaveProperty('ownerReferences')
})

test('a run that ended early says why', () => {
  const results = resultsOf(topologyResult([checkResult({ verdict: 'not-run' })]))
  results.run = {
    ...results.run,
    exitCode: 2,
    error: { code: 'MP-143', message: 'The workloads do not come up', next: '' },
  }
  expect(resultMap(place, { results, folder: 'a' }, undefined).data).toMatchObject({
    verdict: 'not-run',
    exitCode: '2',
    summary: expect.stringContaining('MP-143  The workloads do not come up'),
  })
})

test('results that a ConfigMap cannot hold are refused', () => {
  const results = resultsOf(topologyResult([checkResult({ reason: randomBytes(1_100_000).toString('base64') })]))
  expect(() => resultMap(place, { results, folder: 'a' }, undefined)).toThrow(
    expect.objectContaining({ code: 'MP-174', next: expect.stringContaining('--report-dir') }),
  )
})
