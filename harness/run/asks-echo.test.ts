import { expect, test } from 'vitest'
import { checkOf } from '#testing/checks.ts'
import { errorOf } from '#testing/edge.ts'
import { asksEcho, requireEchoImage } from './asks-echo.ts'

const checks = [
  checkOf(),
  checkOf({ id: 'protocol.tls', layer: 'protocol', needs: ['echo'] }),
  checkOf({ id: 'protocol.grpc', layer: 'protocol', needs: ['echo'] }),
]
const planOf = (...ids: string[]): { planned: { id: string; from: string[]; to: string[] }[] } => ({
  planned: ids.map((id) => ({ id, from: [], to: [] })),
})

test('a lab needs echo where a planned check asks it', () => {
  expect(asksEcho([planOf('reach.local')], checks)).toBe(false)
  expect(asksEcho([planOf('reach.local'), planOf('protocol.tls')], checks)).toBe(true)
})

test.each([['protocol.*'], ['protocol.grpc'], ['reach.*', 'protocol.tls']])(
  'without an image of echo, --suite=%s is refused',
  async (...patterns) => {
    expect(await errorOf(Promise.try(requireEchoImage, patterns, checks, 'existing clusters'))).toMatchObject({
      code: 'MP-375',
      message: expect.stringMatching(/--suite=protocol\..*, existing clusters/),
      next: expect.stringContaining('--echo-image'),
    })
  },
)

test.each([[], ['*'], ['reach.*'], ['!protocol.*'], ['!reach.*']])(
  'a run that does not name them goes on: %s',
  (...patterns) => {
    expect(() => requireEchoImage(patterns.flat(), checks, 'existing clusters')).not.toThrow()
  },
)
