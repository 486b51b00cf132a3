import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ExecaError } from 'execa'
import { execa } from '#programs.ts'
import { z } from 'zod'
import { MeshproofError, reasonOf } from '#errors.ts'
import type { Making } from '#images/build-item.ts'
import { copyWithChange } from './changed-source.ts'
import { recipeFolder, type ModuleRecipe, type ProgramRecipe } from './recipes.ts'

/** The platform of a Go build: that of this machine, or that of the nodes (`linux` and the engine's architecture). */
export type Platform = { os: string; arch: string }

/** The platform of the programs that the harness runs (kind, istioctl). */
export const hostPlatform = (): Platform => ({
  os: process.platform === 'win32' ? 'windows' : process.platform,
  arch: process.arch === 'x64' ? 'amd64' : process.arch,
})

/**
 * Builds a static program into `folder`; with `tests`, one that runs the tests of the package. A pinned module must
 * have every checksum in its go.sum: nothing is added to it. A checkout is built with its own go.mod and the user's
 * settings of Go.
 * @throws MeshproofError MP-310 without Go, MP-311 on a wrong checksum, MP-312 when the build fails, MP-351 when the
 * build of a checkout fails.
 */
export const buildProgram = async (
  module: Pick<ModuleRecipe, 'name' | 'tags' | 'ldflags' | 'change' | 'checkout'>,
  program: Pick<ProgramRecipe, 'name' | 'package' | 'packages'> & { tests?: boolean },
  platform: Platform,
  folder: string,
  { signal, advanced }: Pick<Making, 'signal' | 'advanced'> = {},
): Promise<void> => {
  await mkdir(folder, { recursive: true })
  const output = join(folder, program.name)
  const ldflags = ['-s -w', module.ldflags].filter(Boolean).join(' ')
  const changed = module.change && (await mkdtemp(join(tmpdir(), 'meshproof-module-')))
  try {
    if (module.change && changed)
      await copyWithChange(module.name, module.change, await moduleFolder(module.name, module.change.module), changed)
    await execa(
      'go',
      [
        program.tests ? 'test' : 'build',
        '-C',
        module.checkout ?? changed ?? join(recipeFolder, module.name),
        // Vet would read the source of every dependency once more.
        ...(program.tests ? ['-c', '-vet=off'] : []),
        // Nobody debugs what is pinned here: a tenth of the compiler’s work is for debuggers.
        ...(module.checkout === undefined ? ['-mod=readonly', '-gcflags=all=-dwarf=false'] : []),
        '-trimpath',
        '-buildvcs=false',
        '-v',
        ...(module.tags ? ['-tags', module.tags] : []),
        '-ldflags',
        ldflags,
        '-o',
        output,
        program.package,
      ],
      {
        env: {
          CGO_ENABLED: '0',
          GOOS: platform.os,
          GOARCH: platform.arch,
          // A quarter of the compiler’s work is to give memory back, of which it needs half a gigabyte at most.
          GOGC: '400',
          ...(module.checkout === undefined ? { GOFLAGS: '', GOWORK: 'off' } : {}),
        },
        stdin: 'ignore',
        stderr: withoutPackages((count) => {
          if (program.packages !== undefined) advanced?.(Math.min(1, count / program.packages) * compiling)
        }),
        ...(signal ? { cancelSignal: signal } : {}),
      },
    )
  } catch (error) {
    await rm(output, { force: true })
    throw explain(error, program.name, module.checkout)
  } finally {
    if (changed) await rm(changed, { recursive: true, force: true })
  }
}

/** The share of a build that is compiling; the rest is linking. */
const compiling = 0.9

/** Takes the lines out of Go’s output that name the packages as they are compiled. `counted` gets their number. */
const withoutPackages = (counted: (packages: number) => void): ((line: unknown) => Generator<unknown>) => {
  let packages = 0
  return function* (line) {
    if (typeof line === 'string' && /^[\w.~+-]+(\/[\w.~+-]+)*$/.test(line)) counted((packages += 1))
    else yield line
  }
}

const Downloaded = z.object({ Dir: z.string() })

/** The folder of a module's source in Go's cache, for example with kind's node files or MetalLB's manifest. */
export const moduleFolder = async (module: string, path: string): Promise<string> => {
  try {
    // For a module that is in the cache already, this downloads nothing and prints the folder.
    const { stdout } = await execa('go', ['mod', 'download', '-C', join(recipeFolder, module), '-json', path], {
      env: { GOFLAGS: '', GOWORK: 'off' },
    })
    return Downloaded.parse(JSON.parse(stdout)).Dir
  } catch (error) {
    throw explain(error, path)
  }
}

const explain = (error: unknown, program: string, checkout?: string): unknown => {
  if (!(error instanceof ExecaError)) return error
  if (error.isCanceled) return error
  if (error.code === 'ENOENT') {
    return new MeshproofError('MP-310', {
      what: 'Go is needed to build the images from source and is not installed',
      where: program,
      next: 'Install Go 1.26 or newer, or use --images=release where published images can be pulled.',
      cause: error,
    })
  }
  const output = error.stderr ?? ''
  if (checkout !== undefined) {
    return new MeshproofError('MP-351', {
      what: 'A program could not be built from the checkout',
      where: `${program}, ${checkout}`,
      why: firstLines(output) || reasonOf(error),
      next: 'Fix the errors of the compiler, then run the same command again.',
      cause: error,
    })
  }
  if (/checksum mismatch|SECURITY ERROR|missing go\.sum entry/.test(output)) {
    return new MeshproofError('MP-311', {
      what: 'A Go module does not match its pinned checksum; it was refused and nothing was cached',
      where: program,
      why:
        output
          .split('\n')
          .find((line) => /verifying|missing go\.sum/.test(line))
          ?.trim() ?? 'checksum mismatch',
      next: 'Check where the module proxy gets its modules from. The pins are in fixtures/images/*/go.sum.',
      cause: error,
    })
  }
  return new MeshproofError('MP-312', {
    what: 'A program could not be built from source',
    where: program,
    why: output.trim().split('\n').at(-1) || reasonOf(error),
    next:
      'Run the same command again: what was built so far is cached. `meshproof doctor` shows what this machine ' +
      'lacks.',
    cause: error,
  })
}

/** The first error lines of Go’s output, without the lines that name a package or a download. */
const firstLines = (output: string): string =>
  output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^#|^go: downloading /.test(line))
    .slice(0, 3)
    .join('; ')
