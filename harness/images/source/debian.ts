import { join } from 'node:path'
import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { MeshproofError, reasonOf } from '#errors.ts'
import { recipeFolder } from './recipes.ts'

/** A file system of Debian packages. `extract` only unpacks them; `minbase` installs them into a bootable system. */
export type RootFs = {
  suite: string
  packages: string[]
  variant: 'extract' | 'minbase'
  /** The folder of the recipe. Its customize.sh removes files from the result; setup.sh of `tools` adds apt sources. */
  recipe: 'tools' | 'node' | 'meshproof'
  arch: string
}

const withoutDocs = ['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`)

/**
 * Writes a root file system as a tar file. apt checks every package against the suite's signing key.
 * @throws MeshproofError MP-315 where mmdebstrap is missing, MP-316 when it fails.
 */
export const makeRootFs = async (rootFs: RootFs, file: string, signal?: AbortSignal): Promise<void> => {
  try {
    await execa(
      'mmdebstrap',
      [
        '--quiet',
        `--variant=${rootFs.variant}`,
        `--architectures=${rootFs.arch}`,
        `--include=${rootFs.packages.join(',')}`,
        ...withoutDocs,
        ...(rootFs.recipe === 'tools' ? [`--setup-hook=sh ${join(recipeFolder, 'tools/setup.sh')} "$1"`] : []),
        `--${rootFs.variant === 'extract' ? 'extract' : 'customize'}-hook=sh ` +
          `${join(recipeFolder, rootFs.recipe, 'customize.sh')} "$1"`,
        rootFs.suite,
        file,
      ],
      { env: { SOURCE_DATE_EPOCH: '0' }, ...(signal ? { cancelSignal: signal } : {}) },
    )
  } catch (error) {
    if (error instanceof ExecaError && error.isCanceled) throw error
    if (error instanceof ExecaError && error.code === 'ENOENT') {
      throw new MeshproofError('MP-315', {
        what: 'mmdebstrap is needed to build the images from source and is not installed',
        next: 'apt-get install mmdebstrap',
        cause: error,
      })
    }
    const output = error instanceof ExecaError ? (error.stderr ?? '') : ''
    throw new MeshproofError('MP-316', {
      what: `Debian ${rootFs.suite}'s packages could not be assembled`,
      where: rootFs.recipe,
      why:
        output
          .trim()
          .split('\n')
          .findLast((line) => line.startsWith('E:')) ?? reasonOf(error),
      next: 'Check that Debian packages can be downloaded, then run the same command again.',
      cause: error,
    })
  }
}
