import { createHash } from 'node:crypto'
import { markup, type Markup } from '#report/markup.ts'
import { pageStyle } from './assets.ts'

/** A style and a script that a kind of page has in addition to the style of every page. */
export type PageAssets = { style: string; script: string }

/**
 * A whole page, with a first link that leads readers who use the keyboard past the head of the page. The content
 * policy allows only the style and the script that the page contains, so that nothing in the evidence can load or run.
 */
export const document = (
  title: string,
  skip: { href: string; text: string },
  body: Markup,
  added: PageAssets = { style: '', script: '' },
): string => {
  const { style, script } = added
  const page = markup`
    <!doctype html>
    <html lang="en"><head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="${{ markup: policyFor(script) }}">
    <title>${title} – meshproof</title>
    <style>${{ markup: pageStyle + style }}</style>
    </head>
    <body><a class="skip" href="${skip.href}">${skip.text}</a>
    ${body}
    ${script !== '' && markup`<script>${{ markup: script }}</script>`}
    </body></html>
  `
  return `${page.markup}\n`
}

const policyFor = (script: string): string => {
  const hash = createHash('sha256').update(script).digest('base64')
  return [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    ...(script === '' ? [] : [`script-src 'sha256-${hash}'`]),
  ].join('; ')
}
