import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from '#programs.ts'

/** Milliseconds after which a program that still runs has opened the page: some are the browser itself. */
const patience = 3000

/**
 * Opens a page with the program that this platform has for that. Returns false where there is none, or where it has
 * nothing to open pages with, as on a server. `path` is absolute.
 */
export const openPage = async (path: string, platform: NodeJS.Platform = process.platform): Promise<boolean> => {
  for (const [program, ...args] of openers(platform)) {
    const running = execa(program, [...args, path], {
      detached: true,
      cleanup: false,
      stdio: 'ignore',
      reject: false,
    })
    const ended = await Promise.race([running, sleep(patience)])
    if (!ended?.failed) return true
  }
  return false
}

/** The programs to try, in this order. `wslview` opens pages in Windows from a Linux that runs in it. */
const openers = (platform: NodeJS.Platform): [program: string, ...args: string[]][] => {
  if (platform === 'darwin') return [['open']]
  if (platform === 'win32') return [['rundll32', 'url.dll,FileProtocolHandler']]
  return [['xdg-open'], ['wslview']]
}
