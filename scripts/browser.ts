import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { execa } from 'execa'
import { chromium, type Browser, type Page } from 'playwright-core'
import { installPackages, mayInstallPackages } from '#engine/packages.ts'

/** An open page. `problems` are its console errors and every request for another file: a report must have neither. */
export type OpenPage = { page: Page; problems: string[] }

/** Starts the Chromium of this machine. For root it starts without a sandbox, as Chromium requires. */
export const startBrowser = async (): Promise<Browser> =>
  chromium.launch({ executablePath: await provideChromium(), args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] })

/** How a page is looked at. `width` is in CSS pixels. */
export type View = { width?: number; colorScheme?: 'light' | 'dark' }

/** Opens a file of this machine. */
export const openFile = async (
  browser: Browser,
  file: string,
  { width = 1280, colorScheme = 'light' }: View = {},
): Promise<OpenPage> => {
  // The policy of the page would refuse axe. It would also refuse, and thereby hide, a request to another server.
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true })
  const page = await context.newPage()
  const problems: string[] = []
  const address = pathToFileURL(file).href
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text())
  })
  page.on('pageerror', (error) => {
    problems.push(error.message)
  })
  page.on('request', (request) => {
    if (request.url() !== address) problems.push(`request of ${request.url()}`)
  })
  await page.goto(address)
  return { page, problems }
}

/**
 * The accessibility problems that axe finds in a page, one line each. It applies all rules except experimental ones.
 */
export const findBarriers = async (page: Page): Promise<string[]> => {
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
 * The path of Chromium. Where there is none, it is installed if this user is root on a system of the Debian family.
 * @throws Error that says what to install, on every other system.
 */
export const provideChromium = async (): Promise<string> => {
  const findOnPath = async (): Promise<string> =>
    (
      await execa('sh', ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome'], {
        reject: false,
      })
    ).stdout
  const path = await findOnPath()
  if (path !== '') return path
  if (!(await mayInstallPackages()))
    throw new Error('Chromium is needed to look at the reports: install the package chromium, or Chrome.')
  await installPackages(['chromium'])
  return findOnPath()
}
