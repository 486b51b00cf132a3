// Makes the picture of a report in the README, docs/report.png: the top of the report.html of a real run, as Chromium
// shows it. `npm run picture -- FOLDER` takes the report folder of that run.
import { statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openFile, startBrowser } from '#testing/e2e/browser.ts'

/** CSS pixels: the width of the picture, and how far down the report it reaches. */
const [width, height] = [1200, 840]
/** What the picture may weigh in the repository. */
const maximumBytes = 200_000

const [folder] = process.argv.slice(2)
if (folder === undefined) {
  console.error('Name the report folder of a run: npm run picture -- reports/<run id>')
  process.exit(2)
}
const picture = join(import.meta.dirname, '../docs/report.png')
const browser = await startBrowser()
try {
  const { page } = await openFile(browser, resolve(folder, 'report.html'), { width, colorScheme: 'light' })
  const image = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height } })
  if (image.length > maximumBytes) throw new Error(`The picture has ${image.length} bytes, more than ${maximumBytes}.`)
  writeFileSync(picture, image)
} finally {
  await browser.close()
}
console.log(`${picture}: ${statSync(picture).size} bytes`)
