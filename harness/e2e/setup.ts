import { provideChromium } from './browser.ts'
import { meshproof } from './product.ts'

/**
 * Provides Chromium, the engine and the images on a machine that has none of them, and starts from an engine that holds
 * nothing of ours.
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
}
