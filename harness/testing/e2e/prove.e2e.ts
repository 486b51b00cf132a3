import { describe, expect, test } from 'vitest'
import { takesTurn } from './labs.ts'
import { engineContents, meshproof } from './product.ts'

takesTurn('the engine')

describe('prove', () => {
  test(
    'breaks a lab of its own, finds every fault detected, and leaves nothing behind',
    { timeout: 10 * 60_000 },
    async () => {
      const before = await engineContents()
      const { exitCode, output } = await meshproof(['prove', '--topology=vpn', '--suite=net.*'])
      expect(exitCode, output).toBe(0)
      expect(output).toMatch(/^2 of 2 faults detected$/m)
      expect(await engineContents()).toEqual(before)
    },
  )
})
