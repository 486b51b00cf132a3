import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { unknownValue } from '#errors.ts'
import { versionAsked } from '#images/version.ts'

const Program = z.strictObject({
  name: z.string(),
  package: z.string(),
  /** Whether the program is made of the tests of the package. */
  tests: z.boolean().default(false),
  runsOn: z.enum(['host', 'node']).default('node'),
  seconds: z.number(),
  /** How many packages are compiled for it, where nothing but the programs before it has been. */
  packages: z.number().optional(),
})

const SourceChange = z.strictObject({ module: z.string(), file: z.string(), line: z.string(), becomes: z.string() })

const Module = z.strictObject({
  name: z.string(),
  tags: z.string().default(''),
  ldflags: z.string().default(''),
  change: SourceChange.optional(),
  programs: z.array(Program),
})

const Image = z.strictObject({
  name: z.string(),
  base: z.literal('tools').optional(),
  programs: z.array(z.string()),
  entrypoint: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  user: z.string().default(''),
})

const version = z.string().regex(/^v1\.\d+\.\d+$/)

const Recipes = z.strictObject({
  /** The versions that can be built: first the default, then all others, newest first. */
  kubernetes: z.tuple([version], version),
  debian: z.string(),
  /** The releases of Istio that can be built, newest first. `module` is the folder of a release’s Go module. */
  releases: z.array(z.strictObject({ name: z.string(), module: z.string(), envoy: z.string() })),
  modules: z.array(Module),
  /** Helm, which is built only where it installs a mesh. */
  helm: Module,
  /** The workload of judges: its programs, and the image that they are in. */
  echo: z.strictObject({ module: Module, image: Image }),
  /** The judge gateway-api. */
  conformance: Module,
  /** The judge istio: the programs of its tests, and the servers that they ask with the images of these. */
  istioTests: z.strictObject({ module: Module, images: z.array(Image) }),
  tools: z.array(z.string()),
  node: z.array(z.string()),
  harness: z.array(z.string()),
  images: z.array(Image),
  roles: z.record(z.string(), z.string()),
})

/** The recipes of `fixtures/images/recipes.yaml` for the version `kubernetes`, one of `kubernetesVersions`. */
export type Recipes = Omit<z.infer<typeof Recipes>, 'kubernetes' | 'modules' | 'echo' | 'istioTests'> & {
  kubernetes: string
  kubernetesVersions: string[]
  modules: ModuleRecipe[]
  echo: { module: ModuleRecipe; image: ImageRecipe }
  istioTests: { module: ModuleRecipe; images: ImageRecipe[] }
}

/** A Go module. `checkout` is the folder of its source, where it is not the version that go.mod pins. */
export type ModuleRecipe = z.infer<typeof Recipes>['modules'][number] & { checkout?: string }

/** A line of the source of a Go module, and what it becomes before programs are built of it. */
export type SourceChange = z.infer<typeof SourceChange>

/** A program of a Go module. */
export type ProgramRecipe = ModuleRecipe['programs'][number]

/** An image that is built from programs. */
export type ImageRecipe = z.infer<typeof Image>

/** A release of Istio that can be built. */
export type ReleaseRecipe = Recipes['releases'][number]

/**
 * The folder of the recipes: a folder for each Go module, Envoy's requirements by version, the customisations of
 * Debian, and the Dockerfile of the node.
 */
export const recipeFolder = join(import.meta.dirname, '../../../fixtures/images')

/**
 * Reads the recipes for a version of Kubernetes, written as 1.33 or 1.33.13. Without a version it is the default one.
 * @throws MeshproofError MP-101 for a version that they do not have.
 */
export const loadRecipes = async (asked?: string): Promise<Recipes> => {
  const text = await readFile(join(recipeFolder, 'recipes.yaml'), 'utf8')
  const { kubernetes: versions } = Recipes.parse(parse(text))
  const kubernetes = asked === undefined ? versions[0] : versionAsked(versions, asked)
  if (kubernetes === undefined) throw unknownValue('kubernetes version', asked ?? '', versions)
  const filled = text.replaceAll('{kubernetes}', kubernetes).replaceAll('{minor}', kubernetes.split('.')[1] ?? '')
  return { ...Recipes.parse(parse(filled)), kubernetes, kubernetesVersions: versions }
}

/** The cache key of an artifact: a short hash of values and of every file in these recipe folders. */
export const recipeKey = async (values: unknown, folders: string[] = []): Promise<string> => {
  const hash = createHash('sha256').update(JSON.stringify(values))
  for (const folder of folders) {
    const path = join(recipeFolder, folder)
    for (const file of (await readdir(path)).sort())
      hash.update(`\0${folder}/${file}\0`).update(await readFile(join(path, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
