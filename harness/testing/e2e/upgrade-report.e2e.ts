import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reportPage } from '#report/html/report-page.ts'
import type { Results } from '#results/results.ts'
import { upgradeResults } from '#testing/upgrade-results.ts'
import { findBarriers, openFile, startBrowser } from './browser.ts'

const stories = ['healthy', 'losses', 'stall'] as const

// Two checks of each phase are enough for axe, which would take minutes for all of them.
const withTwoChecksPerPhase = (results: Results): Results => {
  for (const phase of results.topologies[0]?.upgrade?.phases ?? []) phase.checks = phase.checks.slice(0, 2)
  return results
}

let browser: Browser
let folder: string
const fileOf = (story: (typeof stories)[number]): string => join(folder, `${story}.html`)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshproof-upgrades-'))
  for (const story of stories) await writeFile(fileOf(story), reportPage(withTwoChecksPerPhase(upgradeResults(story))))
  browser = await startBrowser()
})

afterAll(async () => {
  await browser.close()
  await rm(folder, { recursive: true, force: true })
})

describe.each(stories.map((story) => [story] as const))('the page of an upgrade: %s', (story) => {
  test.each([['light'], ['dark']] as const)(
    'has no barrier that axe finds, no errors and no requests, in %s',
    async (colorScheme) => {
      const { page, problems } = await openFile(browser, fileOf(story), { colorScheme })
      expect(await findBarriers(page)).toEqual([])
      expect(problems).toEqual([])
      await page.context().close()
    },
  )

  test('fits a telephone: only what scrolls in a frame is wider than the screen', async () => {
    const { page } = await openFile(browser, fileOf(story), { width: 375 })
    await page.evaluate('document.querySelectorAll("details").forEach((details) => { details.open = true })')
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    expect(
      await page.evaluate(
        '[...document.querySelectorAll(".scroll")].filter((frame) => frame.scrollWidth > frame.clientWidth && ' +
          'frame.tabIndex !== 0).length',
      ),
    ).toBe(0)
    await page.context().close()
  })
})

describe('the timeline of an upgrade', () => {
  const zoomOf = (page: Page): Promise<number> =>
    page.evaluate<number>(
      'document.querySelector(".bands").clientWidth / document.querySelector(".phases ' +
        '.plot").closest(".chart").clientWidth',
    )
  const readoutOf = (page: Page): Promise<string> => page.locator('.readout').innerText()

  test('zooms to a phase that is clicked, and back', async () => {
    const { page } = await openFile(browser, fileOf('losses'))
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
    await page.context().close()
  })

  test('zooms to a span that is dragged over, by Ctrl and the wheel, and by its buttons', async () => {
    const { page } = await openFile(browser, fileOf('losses'))
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
    await page.context().close()
  })

  test('shows the figures of a second, by pointer and by keyboard', async () => {
    const { page } = await openFile(browser, fileOf('losses'))
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
    await page.context().close()
  })

  test('works under the page’s security policy, and is complete without a script', async () => {
    const address = pathToFileURL(fileOf('losses')).href
    for (const javaScriptEnabled of [true, false]) {
      const context = await browser.newContext({ javaScriptEnabled })
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
