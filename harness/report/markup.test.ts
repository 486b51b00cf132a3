import { expect, test } from 'vitest'
import { joined, markup } from './markup.ts'

test('a value in a template is text, in elements and in attributes', () => {
  const evil = "\"><script>alert('1')</script>&amp;"
  const escaped = '&quot;&gt;&lt;script&gt;alert(&apos;1&apos;)&lt;/script&gt;&amp;amp;'
  expect(markup`<p title="${evil}">${evil}</p>`.markup).toBe(`<p title="${escaped}">${escaped}</p>`)
})

test('markup in markup, and lists of either, are taken as they are', () => {
  const items = ['<a>', markup`<b>${'&'}</b>`].map((item) => markup`<li>${item}</li>`)
  expect(markup`<ul>${items}</ul>`.markup).toBe('<ul><li>&lt;a&gt;</li><li><b>&amp;</b></li></ul>')
  expect(joined(['<', markup`<i></i>`], ', ').markup).toBe('&lt;, <i></i>')
})

test('nothing is written for what is not there, and 0 is there', () => {
  expect(markup`${undefined}${false}${''}${[]}${0}`.markup).toBe('0')
})

test('what XML cannot hold is left out, and lines stay', () => {
  expect(markup`${'a\u0000b\u001b[31mc\ufffe\ud800d\r\n\te😀'}`.markup).toBe('ab[31mcd\r\n\te😀')
})

test('a template may be laid out over indented lines, and what is put into it keeps its own', () => {
  const lines = ['a', 'b'].map((letter) => markup`<i>${letter}</i>`)
  const { markup: written } = markup`
    <p>
      ${'first\n  second'} <b>
      ${joined(lines, '\n')}</b>
    </p>
  `
  expect(written).toBe('<p>\nfirst\n  second <b>\n<i>a</i>\n<i>b</i></b>\n</p>')
})
