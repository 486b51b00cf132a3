import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { countIn, filesOf } from './collect.ts'

it('takes a node’s answer apart into the files of each pod', async () => {
  const answer = gzipSync('\u001dprober-1/a-b\nHello\n\u001e1\t\n\u001dprober-2/a-b\n').toString('base64')
  expect(await filesOf(answer)).toEqual([
    { pod: 'prober-1', file: 'a-b', text: 'Hello\n\u001e1\t\n' },
    { pod: 'prober-2', file: 'a-b', text: '' },
  ])
})

it('finds no files where nothing has been written', async () => {
  expect(await filesOf('')).toEqual([])
})

it('counts what a probe’s pods wrote together, and no other probe', () => {
  expect(countIn('prober-1/a-b:20\nprober-2/a-b:3\nprober-1/a-b-c:7\n/dev/null:0', 'a-b')).toBe(23)
})
