import type { ImageRecipe, ModuleRecipe, ProgramRecipe, Recipes, ReleaseRecipe } from './recipes.ts'

const mark = '{release}'

/**
 * The build of a program: the name of its artifact, which is unique among all releases, and its module with the release
 * in the flags.
 */
export type Build = { artifact: string; module: ModuleRecipe; program: ProgramRecipe }

/** Puts the name of a release into a text of the recipes. */
export const stamped = (text: string, release: string): string => text.replace(mark, release)

/** Every program that these releases need. A program that belongs to a release is built once for each release. */
export const buildsOf = ({ modules }: Pick<Recipes, 'modules'>, releases: ReleaseRecipe[]): Build[] =>
  modules.flatMap((module) =>
    isOfRelease(module)
      ? releases.flatMap((release) =>
          module.programs.map((program) => ({
            artifact: artifactOf(program.name, release),
            module: {
              ...module,
              name: module.name.replace('{istio}', release.module),
              ldflags: stamped(module.ldflags, release.name),
            },
            program,
          })),
        )
      : module.programs.map((program) => ({ artifact: program.name, module, program })),
  )

/** Whether each release has this module of its own. */
export const isOfRelease = ({ ldflags }: ModuleRecipe): boolean => ldflags.includes(mark)

/** The name of the artifact of a release: a program that it has of its own, or the bootstrap of its proxies. */
export const artifactOf = (program: string, { name }: ReleaseRecipe): string => `${program}-${name}`

/** The name of the artifact with a release’s Envoy. */
export const envoyOf = ({ envoy }: ReleaseRecipe): string => `envoy-${envoy}`

/** The images of these releases. Each program in them is replaced by the name of its artifact. */
export const imagesOf = ({ modules, images }: Recipes, releases: ReleaseRecipe[]): ImageRecipe[] => {
  const ofRelease = new Set([
    'envoy-bootstrap',
    ...modules.filter(isOfRelease).flatMap(({ programs }) => programs.map(({ name }) => name)),
  ])
  const artifact = (program: string, release: ReleaseRecipe): string =>
    program === 'envoy' ? envoyOf(release) : ofRelease.has(program) ? artifactOf(program, release) : program
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
