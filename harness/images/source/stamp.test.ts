import { describe, expect, test } from 'vitest'
import { loadRecipes } from './recipes.ts'
import { buildsOf, imagesOf } from './stamp.ts'

const recipes = await loadRecipes()
const [old, next] = ['1.30-dev', '1.31-dev'].map((release) => recipes.releases.find(({ name }) => name === release)!)
const twoReleases = [old!, next!]

describe('two releases', () => {
  test('have a control plane, an agent and an istioctl each, from their own module, and share everything else', () => {
    const builds = buildsOf(recipes, twoReleases)
    const stamps = (program: string): string[] =>
      builds
        .filter(({ program: { name } }) => name === program)
        .map(({ artifact, module }) => `${artifact} ${module.name} ${module.ldflags}`)
    for (const program of ['pilot-discovery', 'pilot-agent', 'istioctl']) {
      expect(stamps(program)).toEqual(
        twoReleases.map(
          ({ name, module }) => `${program}-${name} ${module} -X istio.io/istio/pkg/version.buildVersion=${name}`,
        ),
      )
    }
    expect(old!.module).not.toBe(next!.module)
    expect(builds.map(({ artifact }) => artifact)).toHaveLength(new Set(builds.map(({ artifact }) => artifact)).size)
    expect(builds).toHaveLength(buildsOf(recipes, [old!]).length + 3)
  })

  test('have images of their own, with an Envoy and a bootstrap of their own', () => {
    const images = imagesOf(recipes, twoReleases)
    const programs = (image: string): string[] | undefined => images.find(({ name }) => name === image)?.programs
    expect(programs('docker.io/istio/pilot:1.30-dev')).toEqual(['pilot-discovery-1.30-dev'])
    for (const { name, envoy } of twoReleases) {
      expect(programs(`docker.io/istio/proxyv2:${name}`)).toEqual([
        `pilot-agent-${name}`,
        `envoy-${envoy}`,
        `envoy-bootstrap-${name}`,
      ])
    }
    expect(old!.envoy).not.toBe(next!.envoy)
    expect(images).toHaveLength(recipes.images.length + 2)
  })

  test('take at most five minutes more than one', () => {
    const seconds = (releases: typeof twoReleases): number =>
      buildsOf(recipes, releases).reduce((sum, { program }) => sum + program.seconds, 0)
    expect(seconds(twoReleases) - seconds([next!])).toBeLessThan(300)
  })
})
