import { cp, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from '#programs.ts'
import ownPackage from '../../../package.json' with { type: 'json' }
import { MeshproofError, reasonOf } from '#errors.ts'
import type { BuildItem } from '#images/build-item.ts'
import { type HarnessParts, packageRoot } from './harness-files.ts'
import { recipeKey } from './recipes.ts'
import { runtimePackages } from './runtime-packages.ts'

/** The processors that the harness’s image can be built for, in the words of images, with those of npm. */
const npmNames: Record<string, string> = { amd64: 'x64', arm64: 'arm64' }

/**
 * The npm packages of the lockfile and its Node for another processor. npm installs them and runs no program of them.
 * @throws MeshproofError MP-178 when npm cannot.
 */
export const foreignItem = async (architecture: string): Promise<BuildItem> => {
  const cpu = npmNames[architecture] ?? architecture
  const lock = await readFile(join(packageRoot, 'package-lock.json'), 'utf8')
  return {
    name: `harness-packages-${architecture}`,
    key: await recipeKey([lock, architecture]),
    lane: 'network',
    seconds: 20,
    make: async (folder, { signal }) => {
      for (const file of ['package.json', 'package-lock.json', '.npmrc'])
        await cp(join(packageRoot, file), join(folder, file))
      const npm = async (...args: string[]): Promise<void> => {
        try {
          await execa('npm', args, { cwd: folder, ...(signal ? { cancelSignal: signal } : {}) })
        } catch (error) {
          if (signal?.aborted) throw error
          throw new MeshproofError('MP-178', {
            what: 'The packages of another processor could not be installed',
            where: `linux ${architecture}: npm ${args[0] ?? ''}`,
            why: reasonOf(error),
            next: 'Check that npm packages can be downloaded, then run the same command again.',
            cause: error,
          })
        }
      }
      await npm('ci', '--omit=dev', '--ignore-scripts', '--os=linux', `--cpu=${cpu}`, '--libc=glibc')
      await npm('pack', `node-linux-${cpu}@${ownPackage.devDependencies.node}`, '--pack-destination', folder)
      const archive = `node-linux-${cpu}-${ownPackage.devDependencies.node}.tgz`
      await execa('tar', ['--extract', '--file', archive, 'package/bin/node'], { cwd: folder })
      await rename(join(folder, 'package/bin/node'), join(folder, 'node'))
    },
  }
}

/** The parts in the folder that the item has made. */
export const foreignParts = async (folder: string): Promise<Pick<HarnessParts, 'packages' | 'node'>> => ({
  packages: await runtimePackages(folder),
  node: join(folder, 'node'),
})
