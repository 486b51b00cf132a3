import { expect, onTestFinished, test } from 'vitest'
import { survey } from '#probes/survey/survey.ts'
import { fakeApiServer } from '#testing/fake-api-server.ts'
import { meshObjects } from '#testing/mesh-objects.ts'
import { unreadValidators } from './injectors.ts'

test.each([
  [[], []],
  [
    ['validatingwebhookconfigurations'],
    [expect.stringMatching(/^validating webhooks of cluster1 were not looked at: .*forbidden/s)],
  ],
])('where %o may not be listed, a note says what was not looked at', async (forbidden, notes) => {
  const server = await fakeApiServer(meshObjects('cluster1'), { forbidden })
  onTestFinished(() => {
    server.close()
  })
  const { clusters } = await survey([server.cluster('context1')])
  expect(await unreadValidators(clusters[0]!)).toEqual(notes)
})
