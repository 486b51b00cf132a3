import { expect, test } from 'vitest'
import { errorOf } from '#testing/edge.ts'
import { makePlans } from './plan.ts'
import { refuseExternal } from './refuse-external.ts'

const refuse = async (...names: string[]): Promise<void> => refuseExternal('prove', await makePlans(names, [], []))

test('an external control plane is refused alone, and left out beside other topologies', async () => {
  expect(await errorOf(refuse('external-control-plane'))).toMatchObject({
    code: 'MP-138',
    exitCode: 2,
    message: expect.stringMatching(/^prove does not support an external control plane \(external-control-plane\)/),
  })
  await refuse('external-control-plane', 'gateway')
})
