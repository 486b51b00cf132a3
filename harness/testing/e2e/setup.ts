import { provideChromium } from '../../../scripts/browser.ts'
import { forgetLabs, takeDownLabs } from './labs.ts'
import { meshproof } from './product.ts'

/**
 * Prepares the machine for the end-to-end tests: it installs Chromium where it is missing, starts the engine, builds
 * the images, and deletes what earlier runs of the harness left.
 */
export const setup = async (): Promise<void> => {
  await provideChromium()
  for (const args of [
    ['images', 'build'],
    ['down', '--all'],
  ]) {
    const { exitCode, output, seconds } = await meshproof(args)
    console.log(`meshproof ${args.join(' ')}: ${seconds.toFixed(0)} s`)
    if (exitCode !== 0) throw new Error(output)
  }
  await forgetLabs()
}

/** Takes the labs down that the files have shared. */
export const teardown = takeDownLabs
