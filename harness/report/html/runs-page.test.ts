import { expect, test } from 'vitest'
import { explainedRun, failingRun } from '#testing/report-results.ts'
import { runsPage } from './runs-page.ts'

test('a run that failed names the layer of the mesh that explains it, else the layer of the checks', async () => {
  const page = runsPage([
    { results: await explainedRun(), link: 'a/report.html' },
    { results: await failingRun(), link: 'b/report.html' },
  ])
  expect(page).toMatch(/href="a\/report\.html#gateway-strict".*?: gateways and the way to them \(MP-887\)<\/small>/s)
  expect(page).toMatch(/href="b\/report\.html#gateway-strict".*?: network \(MP-712\)<\/small>/s)
})
