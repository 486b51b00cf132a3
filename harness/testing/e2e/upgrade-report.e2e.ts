import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, test } from 'vitest'
import { reportPage } from '#report/html/report-page.ts'
import type { Results } from '#results/results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { pagesForTests, testsOfEveryPage } from './page-tests.ts'

const stories = ['healthy', 'losses', 'stall'] as const

// Two checks of each phase are enough for axe, which would take minutes for all of them.
const withTwoChecksPerPhase = (results: Results): Results => {
  for (const phase of results.topologies[0]?.upgrade?.phases ?? []) phase.checks = phase.checks.slice(0, 2)
  return results
}

const { browser, folder, open } = pagesForTests()
const fileOf = (story: (typeof stories)[number]): string => join(folder(), `${story}.html`)

beforeAll(async () => {
  for (const story of stories) await writeFile(fileOf(story), reportPage(withTwoChecksPerPhase(upgradeResults(story))))
})

describe.each(stories.map((story) => [story] as const))('the page of an upgrade: %s', (story) => {
  // axe would take minutes for all details of an upgrade.
  testsOfEveryPage((view) => open(fileOf(story), view), { asItOpens: true })
})

describe('the timeline of an upgrade', () => {
  const zoomOf = (page: Page): Promise<number> =>
    page.evaluate<number>(
      'document.querySelector(".bands").clientWidth / document.querySelector(".phases ' +
        '.plot").closest(".chart").clientWidth',
    )
  const readoutOf = (page: Page): Promise<string> => page.locator('.readout').innerText()

  test('zooms to a phase that is clicked, and back', async () => {
    const { page } = await open(fileOf('losses'))
    const button = page.locator('.phases button', { hasText: 'P6' })
    const whole = await zoomOf(page)
    await button.click()
    expect(await zoomOf(page)).toBeCloseTo(whole * 9, 0)
    expect(await button.getAttribute('aria-pressed')).toBe('true')
    // The phase fills the visible part of the chart.
    const [phase, chart] = [await button.boundingBox(), await page.locator('.chart').boundingBox()]
    expect(Math.abs((phase?.x ?? 0) + (phase?.width ?? 0) - (chart?.x ?? 0) - (chart?.width ?? 0))).toBeLessThan(4)
    await button.click()
    expect(await zoomOf(page)).toBeCloseTo(whole, 2)
  })

  test('zooms to a span that is dragged over, by Ctrl and the wheel, and by its buttons', async () => {
    const { page } = await open(fileOf('losses'))
    const whole = await zoomOf(page)
    const lane = page.locator('.lane').first().locator('.plot')
    await lane.scrollIntoViewIfNeeded()
    const box = (await lane.boundingBox())!
    await page.mouse.move(box.x + box.width * 0.25, box.y + 8)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 8)
    await page.mouse.up()
    expect(await zoomOf(page)).toBeCloseTo(whole * 4, 1)
    await page.getByRole('button', { name: 'Whole upgrade' }).click()
    expect(await zoomOf(page)).toBeCloseTo(whole, 2)
    await page.mouse.move(box.x + box.width * 0.25, box.y + 8)
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -300)
    await page.keyboard.up('Control')
    await expect.poll(() => zoomOf(page)).toBeGreaterThan(whole * 2)
  })

  test('shows the figures of a second, by pointer and by keyboard', async () => {
    const { page } = await open(fileOf('losses'))
    const chart = page.locator('.chart')
    await chart.focus()
    for (const _ of Array.from({ length: 22 })) await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('ArrowLeft')
    expect(await readoutOf(page)).toContain(
      '3:39 · P6 cluster2: workloads · cluster1→cluster2 new-connection: 11 answered, 1 lost or wrong, ' +
        'slowest 5002 ms',
    )
    expect(await readoutOf(page)).toContain('pod helloworld-v2-7f9c went')
    await page.keyboard.press('ArrowDown')
    expect(await readoutOf(page)).toContain('cluster1→cluster2 new-connection restarted: 12 answered, slowest')
    await page.keyboard.press('+')
    expect(await zoomOf(page)).toBeGreaterThan(1)
    await page.keyboard.press('0')
    const lane = (await page.locator('.lane svg').first().boundingBox())!
    await page.mouse.move(lane.x + (lane.width * 224.5) / 378, lane.y + 8)
    expect(await readoutOf(page)).toContain(
      '3:44 · P6 cluster2: workloads · cluster1→cluster2 new-connection: 11 answered, 1 lost or wrong',
    )
  })

  test('works under the page’s security policy, and is complete without a script', async () => {
    const address = pathToFileURL(fileOf('losses')).href
    for (const javaScriptEnabled of [true, false]) {
      const context = await browser().newContext({ javaScriptEnabled })
      const page = await context.newPage()
      const problems: string[] = []
      page.on('console', (message) => {
        problems.push(message.text())
      })
      await page.goto(address)
      expect(problems).toEqual([])
      expect(await page.locator('.tools').isVisible()).toBe(javaScriptEnabled)
      expect(await page.locator('.lane svg').count()).toBe(33)
      expect(await page.getByText('24 lost').first().isVisible()).toBe(true)
      await context.close()
    }
  })
})
