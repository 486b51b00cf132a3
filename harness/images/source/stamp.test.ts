import { describe, expect, test } from 'vitest'
import { loadRecipes } from './recipes.ts'
import { buildsOf, imagesOf } from './stamp.ts'

const recipes = await loadRecipes()
const [old, next] = ['lab-a', 'lab-b'].map((release) => recipes.releases.find(({ name }) => name === release)!)
const twoReleases = [old!, next!]

describe('two releases', () => {
  test('have a control plane and an agent each, and share everything else', () => {
    const builds = buildsOf(recipes, twoReleases)
    const stamps = (program: string): string[] =>
      builds
        .filter(({ program: { name } }) => name === program)
        .map(({ artifact, module }) => `${artifact} ${module.ldflags}`)
    for (const program of ['pilot-discovery', 'pilot-agent']) {
      expect(stamps(program)).toEqual(
        twoReleases.map(({ name }) => `${program}-${name} -X istio.io/istio/pkg/version.buildVersion=${name}`),
      )
    }
    expect(stamps('istioctl')).toHaveLength(1)
    expect(builds.map(({ artifact }) => artifact)).toHaveLength(new Set(builds.map(({ artifact }) => artifact)).size)
    expect(builds).toHaveLength(buildsOf(recipes, [old!]).length + 2)
  })

  test('have images of their own, with an Envoy of their own', () => {
    const images = imagesOf(recipes, twoReleases)
    const programs = (image: string): string[] | undefined => images.find(({ name }) => name === image)?.programs
    expect(programs('docker.io/istio/pilot:lab-a')).toEqual(['pilot-discovery-lab-a'])
    expect(programs('docker.io/istio/proxyv2:lab-a')).toEqual([
      'pilot-agent-lab-a',
      `envoy-${old!.envoy}`,
      'envoy-bootstrap',
    ])
    expect(programs('docker.io/istio/proxyv2:lab-b')).toEqual([
      'pilot-agent-lab-b',
      `envoy-${next!.envoy}`,
      'envoy-bootstrap',
    ])
    expect(old!.envoy).not.toBe(next!.envoy)
    expect(images).toHaveLength(recipes.images.length + 2)
  })

  test('take less than twice the time: the second release is only linked again', () => {
    const seconds = (releases: typeof twoReleases): number =>
      buildsOf(recipes, releases).reduce((sum, { program }) => sum + program.seconds, 0)
    expect(seconds(twoReleases) - seconds([old!])).toBeLessThan(60)
  })
})
