import { setTimeout as sleep } from 'node:timers/promises'
import type { Finding } from './layer.ts'

/** Looks once more, up to so many times and after so many milliseconds, while anything is found: what pods that come and go make differ does not count. */
export const again = async (look: () => Promise<Finding[]>, times: number, pause: number): Promise<Finding[]> => {
  let found = await look()
  for (let looked = 0; looked < times && found.length > 0; looked += 1) {
    await sleep(pause)
    found = await look()
  }
  return found
}
