import { readFileSync } from 'node:fs'

const textOf = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8')

/** The style of every page. */
export const pageStyle = textOf('page.css')

/** The style and the script that the page of an upgrade has in addition. The page is complete without the script. */
export const upgradeAssets = { style: textOf('upgrade-page.css'), script: textOf('traffic-script.js') }

/** The style and the script of the page of a diagnosis. The script copies commands. */
export const diagnosisAssets = { style: textOf('diagnosis-page.css'), script: textOf('copy-script.js') }

/** The style of the page of a history, which has no script. */
export const historyAssets = { style: textOf('history-page.css'), script: '' }
