import { markup, type Markup } from '../markup.ts'
import { style } from './style.ts'

/** A whole page, with a link past its head for who reads by keyboard: the policy forbids it everything but its own style, so that nothing in the evidence can load or run. */
export const document = (title: string, skip: { href: string; text: string }, body: Markup): string => `${markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title} – meshproof</title><style>${{ markup: style }}</style></head>
<body><a class="skip" href="${skip.href}">${skip.text}</a>
${body}
</body></html>`.markup}
`
