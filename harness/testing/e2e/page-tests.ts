import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { findBarriers, openFile, type OpenPage, startBrowser, type View } from '../../../scripts/browser.ts'

/** Opens a page, until the test is over. */
export type PageOpener = (view?: View) => Promise<OpenPage>

/** What the tests of a file have: a browser, a folder for pages, and a way to open a file of it. */
export type PagesForTests = {
  browser: () => Browser
  folder: () => string
  open: (file: string, view?: View) => Promise<OpenPage>
}

/** A browser and an empty folder for the tests of a file: there before the first test, and gone after the last. */
export const pagesForTests = (): PagesForTests => {
  let browser: Browser | undefined
  let folder = ''
  const started = (): Browser => {
    if (!browser) throw new Error('the browser is started before the first test')
    return browser
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meshproof-pages-'))
    browser = await startBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    browser: started,
    folder: () => folder,
    open: async (file, view) => {
      const opened = await openFile(started(), file, view)
      onTestFinished(() => opened.page.context().close())
      return opened
    },
  }
}

const openDetails = 'document.querySelectorAll("details").forEach((details) => { details.open = true })'

/**
 * Tests what holds for every page. axe does not look into closed details, so they are opened; `asItOpens` leaves them
 * closed, where axe would take minutes for all of them.
 */
export const testsOfEveryPage = (open: PageOpener, { asItOpens = false } = {}): void => {
  test.each([['light'], ['dark']] as const)(
    'has no barrier that axe finds, no errors and no requests, in %s',
    async (colorScheme) => {
      const { page, problems } = await open({ colorScheme })
      if (!asItOpens) await page.evaluate(openDetails)
      expect(await findBarriers(page)).toEqual([])
      expect(problems).toEqual([])
    },
  )

  test('fits a telephone: only what scrolls in a frame is wider than the screen', async () => {
    const { page } = await open({ width: 375 })
    await page.evaluate(openDetails)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(375)
    expect(
      await page.evaluate(
        '[...document.querySelectorAll(".scroll")].filter((frame) => frame.scrollWidth > frame.clientWidth && ' +
          'frame.tabIndex !== 0).length',
      ),
    ).toBe(0)
  })
}
