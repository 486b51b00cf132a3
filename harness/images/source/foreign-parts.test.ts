import { expect, test } from 'vitest'
import { errorOf, failingWith, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { foreignItem } from './foreign-parts.ts'

test('packages of another processor that npm cannot download are named, with npm’s words as the reason', async () => {
  await fakeProgram('npm', failingWith('npm error code ENOTFOUND'))
  const { make } = await foreignItem('arm64')
  expect(await errorOf(make(await scratchFolder(), {}))).toMatchObject({
    code: 'MP-178',
    message: expect.stringMatching(/^The packages of another processor .*\(linux arm64: npm ci\): .*ci/),
  })
})
