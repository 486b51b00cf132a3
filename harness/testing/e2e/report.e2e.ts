import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { largestPage, reportPage } from '#report/html/report-page.ts'
import { renderFolders } from '#report/render-folders.ts'
import { writeReports } from '#report/report-folder.ts'
import { explainedRun, failingRun, runOf, warnedRun } from '#testing/report-results.ts'
import { pagesForTests, testsOfEveryPage } from './page-tests.ts'
import { meshproof } from './product.ts'

const { folder, open } = pagesForTests()
const pages = { passing: '', failing: '', everything: '', 'several runs': '', explained: '', warned: '' }

beforeAll(async () => {
  const newer = await runOf(['vpn'])
  newer.environment.istio = '1.32.0'
  const runs = {
    passing: await runOf(['gateway']),
    failing: await failingRun(),
    everything: await runOf(['all', './fixtures/topologies/examples/three-clusters.yaml'], {
      'net.gateway-open cluster1': 'MP-712',
    }),
    newer,
  }
  for (const [name, results] of Object.entries(runs)) {
    await mkdir(join(folder(), name))
    await writeReports(results, join(folder(), name))
  }
  const { pages: written } = await renderFolders(
    Object.keys(runs).map((name) => join(folder(), name)),
    join(folder(), 'all'),
  )
  Object.assign(pages, {
    passing: written[0],
    failing: written[1],
    everything: written[2],
    'several runs': written.at(-1),
  })
  for (const [name, results] of Object.entries({ explained: await explainedRun(), warned: await warnedRun() })) {
    const alone = join(folder(), 'diagnosed', name)
    await mkdir(alone, { recursive: true })
    await writeReports(results, alone)
    Object.assign(pages, { [name]: join(alone, 'report.html') })
  }
})

describe.each([['passing'], ['failing'], ['everything'], ['several runs'], ['explained'], ['warned']] as const)(
  'the page of a run: %s',
  (name) => {
    // axe would take minutes for all details of the page of everything.
    testsOfEveryPage((view) => open(pages[name], view), { asItOpens: name === 'everything' })

    test('begins with the verdict', async () => {
      const { page } = await open(pages[name])
      const [first, second] = (await page.locator('body').innerText())
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '' && !line.startsWith('Skip to'))
      expect(first).toMatch(
        {
          passing: /^✓ Passed/,
          failing: /^✗ Failed/,
          everything: /^✗ Failed/,
          'several runs': /^✗ 2 of 4 runs failed/,
          explained: /^✗ Failed/,
          warned: /^✓ Passed/,
        }[name],
      )
      expect(second).toMatch(name === 'several runs' ? /Istio/ : /topologies failed|passed/)
      expect(await page.locator('h1').boundingBox()).toMatchObject({ y: expect.closeTo(50, -2) })
    })

    test('is at most a megabyte', async () => {
      expect((await stat(pages[name])).size).toBeLessThanOrEqual(largestPage)
    })
  },
)

describe('a run whose mesh was diagnosed', () => {
  test('shows the cause and what to run without scrolling, and where it breaks in words that are read', async () => {
    const { page } = await open(pages.explained)
    const command = page.locator('.head .command code')
    expect((await command.boundingBox())?.y).toBeLessThan(900)
    await command.click()
    expect(await page.evaluate('getSelection().toString()')).toBe(await command.innerText())
    expect(await page.getByRole('img', { name: /It breaks at the gateway of cluster2/ }).count()).toBe(1)
    await page.getByText('Shows in').getByRole('link').first().click()
    expect(await page.getByText('Connection timed out after 5002').first().isVisible()).toBe(true)
  })

  test('and whose checks passed shows its warning without the colour of a failure', async () => {
    const { page } = await open(pages.warned)
    const card = page.locator('.head .later')
    expect(await card.getByText('Warning').isVisible()).toBe(true)
    expect(await card.evaluate((element) => getComputedStyle(element).backgroundColor)).toBe('rgb(251, 243, 226)')
  })
})

describe('a failing run', () => {
  test('shows the broken layer and its next step without scrolling, then the layers, then the evidence', async () => {
    const { page } = await open(pages.failing)
    const top = async (text: string): Promise<number> =>
      (await page.getByText(text).first().boundingBox())?.y ?? Number.NaN
    const places = [
      await top('First broken layer: network'),
      await top('Next step'),
      await top('broken first'),
      await top('Connection timed out after 5002'),
    ]
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(places[2]).toBeLessThan(900)
  })

  test('by keyboard, the first stop is a link to what failed, and the stops after it are its evidence', async () => {
    const { page } = await open(pages.failing)
    const focused = (): Promise<string> =>
      page.evaluate<string>('document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to what failed')
    expect(await page.locator('.skip').boundingBox()).toMatchObject({ y: expect.closeTo(8, -1) })
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Evidence of net.gateway-open, cluster1 → cluster2, attempt 1 of 2')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
  })

  test('without that link the failure is reached in reading order, and its details open and close by key', async () => {
    const { page } = await open(pages.failing)
    const summary = page.locator('details.check.fail summary').first()
    const isFocused = (): Promise<boolean> => summary.evaluate((element) => element === document.activeElement)
    let stops = 0
    while (!(await isFocused()) && stops < 40) {
      await page.keyboard.press('Tab')
      stops += 1
    }
    expect(stops).toBeLessThan(15)
    await page.keyboard.press('Enter')
    expect(await page.locator('details.check.fail[open]').count()).toBe(0)
  })

  test('with a long name of a check shows all of its picture: no label is cut off', async () => {
    const results = await runOf(['gateway'], {
      'discovery.endpoints cluster1': 'MP-741',
      'reach.both-versions cluster2': 'MP-752',
    })
    for (const check of results.topologies[0]?.checks ?? [])
      if (check.id === 'discovery.endpoints' && check.verdict === 'fail') check.id = 'mtls.gateway-refuses-certless'
    const file = join(folder(), 'long-names.html')
    await writeFile(file, reportPage(results))
    const { page } = await open(file)
    expect(await page.locator('.arrow.fail text').allTextContents()).toContain('refuses-certless')
    expect(
      await page.evaluate(
        '[...document.querySelectorAll(".picture svg text")].filter((text) => {' +
          'const [inner, outer] = [text, text.ownerSVGElement].map((element) => element.getBoundingClientRect());' +
          'return inner.left < outer.left || inner.right > outer.right' +
          '}).map((text) => text.textContent)',
      ),
    ).toEqual([])
  })

  test('a verdict of the matrix opens its evidence', async () => {
    const { page } = await open(pages.failing)
    await page.locator('.matrix tr', { hasText: 'mtls.wire' }).getByRole('link').click()
    expect(await page.getByText('64 of 64 flows').first().isVisible()).toBe(true)
  })

  test('on paper it shows the evidence, also what is closed on the screen, and no dark background', async () => {
    const { page } = await open(pages.failing, { colorScheme: 'dark' })
    await page.emulateMedia({ media: 'print' })
    expect(await page.getByText('Connection timed out after 5002').first().isVisible()).toBe(true)
    expect(await page.getByText('64 of 64 flows').first().isVisible()).toBe(true)
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
    await page.setViewportSize({ width: 700, height: 1000 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(700)
    const paper = await page.pdf({ format: 'A4' })
    expect(paper.subarray(0, 5).toString()).toBe('%PDF-')
  })
})

describe('meshproof report', () => {
  const command = (...args: string[]) => meshproof(['report', ...args], { reports: false })

  test('renders a run again, with the same bytes', async () => {
    const before = await readFile(pages.failing, 'utf8')
    await rm(pages.failing)
    expect(await command(join(folder(), 'failing'))).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining(`${pages.failing}\n`),
    })
    expect(await readFile(pages.failing, 'utf8')).toBe(before)
    expect((await readdir(join(folder(), 'failing'))).sort()).toEqual([
      'conformance.yaml',
      'junit.xml',
      'metrics.prom',
      'report.html',
      'results.json',
    ])
  })

  test('of several runs links to each', async () => {
    const { page } = await open(pages['several runs'])
    await page
      .getByRole('row', { name: /^gateway/ })
      .getByRole('link', { name: 'failed' })
      .first()
      .click()
    expect(page.url()).toMatch(/\/(failing|everything)\/report\.html#gateway-strict$/)
  })

  test.each([
    ['no such folder', 'MP-111', () => join(folder(), 'none')],
    [
      'a folder without results',
      'MP-112',
      async () => {
        await mkdir(join(folder(), 'empty'))
        return join(folder(), 'empty')
      },
    ],
    [
      'results that break their schema',
      'MP-113',
      async () => {
        await mkdir(join(folder(), 'broken'))
        await writeFile(join(folder(), 'broken', 'results.json'), '{}')
        return join(folder(), 'broken')
      },
    ],
  ])('%s is refused', async (_, code, make) => {
    const { exitCode, output } = await command(await make())
    expect(exitCode, output).toBe(2)
    expect(output).toContain(code)
    expect(output).toContain('next:')
  })
})
