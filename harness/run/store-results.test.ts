import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { metrics } from '#report/metrics.ts'
import { Results } from '#results/results.ts'
import { failingRun } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { resultContent } from './store-results.ts'

test('the whole results are kept, and what one wants to know at a glance in words', async () => {
  const results = await failingRun()
  const { component, data, binaryData } = resultContent({ results, folder: 'reports/gateway-1' })
  expect(component).toBe('results')
  expect(data).toMatchObject({
    verdict: 'fail',
    exitCode: '1',
    folder: 'gateway-1',
    run: results.run.id,
    summary: expect.stringContaining('first broken layer: network'),
    'metrics.prom': metrics(results),
  })
  const compressed = binaryData?.['results.json.gz'] ?? Buffer.of()
  expect(Results.parse(JSON.parse(gunzipSync(compressed).toString()))).toEqual(results)
})

test('a run that ended early says why', () => {
  const results = resultsOf(topologyResult([checkResult({ verdict: 'not-run' })]))
  results.run = {
    ...results.run,
    exitCode: 2,
    error: { code: 'MP-143', message: 'The workloads do not come up', next: '' },
  }
  expect(resultContent({ results, folder: 'a' }).data).toMatchObject({
    verdict: 'not-run',
    exitCode: '2',
    summary: expect.stringContaining('MP-143  The workloads do not come up'),
  })
})
