import type { ImageRecipe, ModuleRecipe, ProgramRecipe, Recipes, ReleaseRecipe } from './recipes.ts'

const mark = '{release}'

/** Seconds that a program takes once more under another stamp: what it is linked from is compiled already. */
const relinking = 20

/**
 * A program as it is built: what its artifact is called among those of all releases, and its module with the stamp in
 * its flags.
 */
export type Build = { artifact: string; module: ModuleRecipe; program: ProgramRecipe }

/** A text of the recipes as the release of that name has it. */
export const stamped = (text: string, release: string): string => text.replace(mark, release)

/** Every program that these releases need; one that tells its release once for each. */
export const buildsOf = ({ modules }: Recipes, releases: ReleaseRecipe[]): Build[] =>
  modules.flatMap((module) =>
    module.ldflags.includes(mark)
      ? releases.flatMap((release, index) =>
          module.programs.map((program) => ({
            artifact: `${program.name}-${release.name}`,
            module: { ...module, ldflags: stamped(module.ldflags, release.name) },
            program: index === 0 ? program : { ...program, seconds: Math.min(program.seconds, relinking) },
          })),
        )
      : module.programs.map((program) => ({ artifact: program.name, module, program })),
  )

/** What the artifact of a release’s Envoy is called. */
export const envoyOf = ({ envoy }: ReleaseRecipe): string => `envoy-${envoy}`

/** Every image of these releases, and in place of each program its artifact. */
export const imagesOf = ({ modules, images }: Recipes, releases: ReleaseRecipe[]): ImageRecipe[] => {
  const own = new Set(
    modules.filter(({ ldflags }) => ldflags.includes(mark)).flatMap(({ programs }) => programs.map(({ name }) => name)),
  )
  const artifact = (program: string, release: ReleaseRecipe): string =>
    program === 'envoy' ? envoyOf(release) : own.has(program) ? `${program}-${release.name}` : program
  return images.flatMap((image) =>
    image.name.includes(mark)
      ? releases.map((release) => ({
          ...image,
          name: stamped(image.name, release.name),
          programs: image.programs.map((program) => artifact(program, release)),
        }))
      : [image],
  )
}
