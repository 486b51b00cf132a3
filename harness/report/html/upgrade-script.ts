import { readFileSync } from 'node:fs'

/** What the page of an upgrade does when it is touched: it zooms its timeline. The page is whole without it. */
export const upgradeScript = readFileSync(new URL('./traffic-script.js', import.meta.url), 'utf8')
