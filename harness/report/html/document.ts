import { createHash } from 'node:crypto'
import { markup, type Markup } from '#report/markup.ts'
import { style } from './style.ts'

/** A style and a script of ours that one kind of page has besides. */
export type Own = { style: string; script: string }

/**
 * A whole page, with a link past its head for who reads by keyboard: the policy forbids it everything but its own style
 * and the very script it comes with, so that nothing in the evidence can load or run.
 */
export const document = (title: string, skip: { href: string; text: string }, body: Markup, own?: Own): string => `${
  markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'${own && markup`; script-src 'sha256-${createHash('sha256').update(own.script).digest('base64')}'`}">
<title>${title} – meshproof</title><style>${{ markup: style }}${own && { markup: own.style }}</style></head>
<body><a class="skip" href="${skip.href}">${skip.text}</a>
${body}
${
  own &&
  markup`<script>${{ markup: own.script }}</script>
`
}</body></html>`.markup
}
`
