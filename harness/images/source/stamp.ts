import type { ImageRecipe, ModuleRecipe, ProgramRecipe, Recipes, ReleaseRecipe } from './recipes.ts'

const mark = '{release}'

/** How many seconds the same program takes for another release: it is only linked again. */
const relinking = 20

/**
 * The build of a program: the name of its artifact, which is unique among all releases, and its module with the release
 * in the flags.
 */
export type Build = { artifact: string; module: ModuleRecipe; program: ProgramRecipe }

/** Puts the name of a release into a text of the recipes. */
export const stamped = (text: string, release: string): string => text.replace(mark, release)

/** Every program that these releases need. A program that reports its release is built once for each release. */
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

/** The name of the artifact with a release’s Envoy. */
export const envoyOf = ({ envoy }: ReleaseRecipe): string => `envoy-${envoy}`

/** The images of these releases. Each program in them is replaced by the name of its artifact. */
export const imagesOf = ({ modules, images }: Recipes, releases: ReleaseRecipe[]): ImageRecipe[] => {
  const perRelease = new Set(
    modules.filter(({ ldflags }) => ldflags.includes(mark)).flatMap(({ programs }) => programs.map(({ name }) => name)),
  )
  const artifact = (program: string, release: ReleaseRecipe): string =>
    program === 'envoy' ? envoyOf(release) : perRelease.has(program) ? `${program}-${release.name}` : program
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
