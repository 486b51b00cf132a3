import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { historyOf } from '#report/history/history-of.ts'
import { diagnosisPage } from '#report/html/diagnosis-page.ts'
import { historyPage } from '#report/html/history-page.ts'
import type { Results } from '#results/results.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { explainedRun, runOf } from '#testing/report-results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { pagesForTests, testsOfEveryPage } from './page-tests.ts'

// The pages of a diagnosis and of a history. They need no lab.
const { folder, open } = pagesForTests()

const gateway = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/istio-eastwestgateway' } as const
const fix = 'kubectl --context=cluster2 -n istio-system get pods,endpointslices'
const warning = { layer: 'trust', code: 'MP-845', where: 'cluster1', severity: 'warning' } as const
const unseen = diagnosisWith([])
unseen.exitCode = 2
unseen.layers[3] = { layer: 'trust', verdict: 'not-judged', said: 'MP-117 no answer', findings: [] }

/** Runs of two weeks, of which the third fails and the sixth passes on a retry, and which become slower. */
const runs = async (): Promise<Results[]> => {
  const made = await Promise.all(
    Array.from({ length: 12 }, async (_, day) => {
      const run = day === 2 ? await explainedRun() : await runOf(['gateway', 'vpn'])
      run.run.id = `run-${day}`
      run.run.startedAt = new Date(Date.UTC(2026, 0, day + 1)).toISOString()
      run.run.finishedAt = new Date(Date.UTC(2026, 0, day + 1, 0, 5)).toISOString()
      for (const { checks } of run.topologies)
        for (const [index, check] of checks.entries()) {
          if (day === 5 && index === 7) check.verdict = 'flaky'
          for (const attempt of check.attempts) attempt.seconds += day > 7 && index === 3 ? 5 : index / 10
        }
      return run
    }),
  )
  return [...made, upgradeResults()]
}

const pages = {
  broken: (): string =>
    diagnosisPage(
      diagnosisWith(
        [
          warning,
          gateway,
          { layer: 'gateways', code: 'MP-885', where: 'cluster1 → 172.18.0.5:15443', followsFrom: 'MP-887' },
        ],
        gateway,
      ),
    ),
  warned: (): string => diagnosisPage(diagnosisWith([warning])),
  healthy: (): string => diagnosisPage(diagnosisWith([])),
  'not examined': (): string => diagnosisPage(unseen),
  history: async (): Promise<string> =>
    historyPage(
      historyOf(
        (await runs()).map((results) => ({ folder: `reports/${results.run.id}`, results })),
        [{ folder: 'reports/broken', reason: 'MP-113 it is no JSON' }],
      ),
      new Map([['run-1', 'run-1/report.html']]),
    ),
}
const fileOf = (name: keyof typeof pages): string => join(folder(), `${name.replace(' ', '-')}.html`)

beforeAll(async () => {
  for (const [name, page] of Object.entries(pages)) await writeFile(fileOf(name as keyof typeof pages), await page())
})

describe.each(Object.keys(pages) as (keyof typeof pages)[])('the page: %s', (name) => {
  testsOfEveryPage((view) => open(fileOf(name), view))

  test('begins with how it ended', async () => {
    const { page } = await open(fileOf(name))
    expect(await page.locator('h1').innerText()).toBe(
      {
        broken: '✗ Broken',
        warned: '! Healthy, with warnings',
        healthy: '✓ Healthy',
        'not examined': '? Not all could be examined',
        history: '13 runs from 2026-01-01 to 2026-02-01',
      }[name],
    )
  })
})

describe('the page of a diagnosis', () => {
  test('shows the cause, its evidence and the command without scrolling, and the place in the picture', async () => {
    const { page } = await open(fileOf('broken'))
    const head = page.locator('.head')
    expect(await head.innerText()).toContain('gateways and the way to them')
    expect(await head.innerText()).toContain('its service has no ready endpoints')
    expect((await head.locator('.command code').boundingBox())?.y).toBeLessThan(900)
    expect(await page.locator('.ladder > li').count()).toBe(17)
    expect(await page.locator('.picture .broken').count()).toBe(1)
  })

  test('copies a command by a click or the keyboard, and says so', async () => {
    const { page } = await open(fileOf('broken'))
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const button = page.getByRole('button', { name: `Copy the command: ${fix}` }).first()
    await button.focus()
    await page.keyboard.press('Enter')
    await expect.poll(() => button.innerText()).toBe('Copied')
    expect(await page.getByRole('status').innerText()).toBe('The command is copied')
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(fix)
  })

  test('copies a command where the clipboard is refused', async () => {
    const { page } = await open(fileOf('broken'))
    await page.evaluate('navigator.clipboard.writeText = () => Promise.reject(new Error("refused"))')
    const button = page.getByRole('button').first()
    await button.click()
    await expect.poll(() => button.innerText()).toBe('Copied')
    expect(await page.evaluate('getSelection().toString()')).toBe(fix)
  })
})

test('the page of a history names what flakes and what became slower, and links to the runs', async () => {
  const { page } = await open(fileOf('history'))
  const text = await page.locator('main').innerText()
  expect(text).toMatch(/passed on retry[^]*1 of 1[12] runs, [89] %/)
  expect(text).toContain('Slower means: the median of the newest third')
  expect(text).toContain('reports/broken MP-113 it is no JSON')
  expect(await page.locator('a[href="run-1/report.html"]').count()).toBe(1)
  expect(await page.getByRole('img', { name: /^Oldest first: 2 passed, 1 failed/ }).count()).toBeGreaterThan(0)
})
