import { expect, test } from 'vitest'
import { surveyOf } from '#testing/fake-clusters.ts'
import { unreadValidators } from './injectors.ts'

test.each([
  [[], []],
  [
    ['validatingwebhookconfigurations'],
    [expect.stringMatching(/^validating webhooks of cluster1 were not looked at: .*forbidden/s)],
  ],
])('where %o may not be listed, a note says what was not looked at', async (forbidden, notes) => {
  const { clusters } = await surveyOf({ forbidden })
  expect(await unreadValidators(clusters[0]!)).toEqual(notes)
})
