import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { chromium, type Browser, type Page } from 'playwright-core'
import { installPackages, mayInstallPackages } from '#engine/packages.ts'

/**
 * A page as a reader has it open, and what it did that a report must not: errors on its console, and requests beyond
 * its own file.
 */
export type Opened = { page: Page; problems: string[] }

/** The real Chromium of this machine; without a sandbox for root, which cannot have one. */
export const startBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await provideChromium(), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })

/** Opens a file of this machine; `width` is in CSS pixels. */
export const openFile = async (
  browser: Browser,
  file: string,
  { width = 1280, colorScheme = 'light' }: { width?: number; colorScheme?: 'light' | 'dark' } = {},
): Promise<Opened> => {
  // The page's own policy would keep axe out, and would hide a request by refusing it.
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true })
  const page = await context.newPage()
  const problems: string[] = []
  const own = pathToFileURL(file).href
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text())
  })
  page.on('pageerror', (error) => {
    problems.push(error.message)
  })
  page.on('request', (request) => {
    if (request.url() !== own) problems.push(`request of ${request.url()}`)
  })
  await page.goto(own)
  return { page, problems }
}

/** What axe finds against a page, a line each; every rule it has, but those still tried out. */
export const violations = async (page: Page): Promise<string[]> => {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
  const found = await page.evaluate<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }>(
    'axe.run(document, { resultTypes: ["violations"] })',
  )
  return found.violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes
        .slice(0, 3)
        .map(({ html }) => html.slice(0, 160))
        .join(' | ')}`,
  )
}

/**
 * Where Chromium is on PATH. On a Debian-family system root gets it installed; anywhere else it says what to install.
 */
export const provideChromium = async (): Promise<string> => {
  const found = async (): Promise<string> =>
    (
      await execa('sh', ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome'], {
        reject: false,
      })
    ).stdout
  const path = await found()
  if (path !== '') return path
  if (!(await mayInstallPackages()))
    throw new Error('Chromium is needed to look at the reports: install the package chromium, or Chrome.')
  await installPackages(['chromium'])
  return found()
}
