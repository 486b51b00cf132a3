import { describe, expect, test } from 'vitest'
import { loadRecipes } from './recipes.ts'
import { buildsOf, imagesOf } from './stamp.ts'

const recipes = await loadRecipes()
const [old, next] = ['lab-a', 'lab-b'].map((wanted) => recipes.releases.find(({ name }) => name === wanted)!)
const both = [old!, next!]

describe('two releases', () => {
  test('have control planes and agents with a stamp each, and all else in common', () => {
    const builds = buildsOf(recipes, both)
    const stamps = (program: string): string[] =>
      builds
        .filter(({ program: { name } }) => name === program)
        .map(({ artifact, module }) => `${artifact} ${module.ldflags}`)
    for (const program of ['pilot-discovery', 'pilot-agent']) {
      expect(stamps(program)).toEqual(
        both.map(({ name }) => `${program}-${name} -X istio.io/istio/pkg/version.buildVersion=${name}`),
      )
    }
    expect(stamps('istioctl')).toHaveLength(1)
    expect(builds.map(({ artifact }) => artifact)).toHaveLength(new Set(builds.map(({ artifact }) => artifact)).size)
    expect(builds).toHaveLength(buildsOf(recipes, [old!]).length + 2)
  })

  test('have images of their own, with an Envoy of their own', () => {
    const images = imagesOf(recipes, both)
    const programs = (wanted: string): string[] | undefined => images.find(({ name }) => name === wanted)?.programs
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

  test('take less time than twice one: what the second is linked from is compiled', () => {
    const seconds = (releases: typeof both): number =>
      buildsOf(recipes, releases).reduce((sum, { program }) => sum + program.seconds, 0)
    expect(seconds(both) - seconds([old!])).toBeLessThan(60)
  })
})
