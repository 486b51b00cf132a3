import { describe, expect, test } from 'vitest'
import { versionProblems, type UpgradeVersions } from './preflight-versions.ts'

const codesOf = (from: string, to: string, strategy: UpgradeVersions['strategy'], ...kubernetes: string[]): string[] =>
  versionProblems({ from, to, strategy, kubernetes: kubernetes.length > 0 ? kubernetes : ['v1.34.4'] }).map(
    ({ code }) => code,
  )

describe('the step from one version to another', () => {
  test.each<[string, string, UpgradeVersions['strategy'], string[]]>([
    ['1.30', '1.31', 'in-place', []],
    ['1.30.4', '1.30.6', 'in-place', []],
    ['1.29.1', '1.31.0', 'in-place', ['MP-151']],
    ['1.29.1', '1.31.0', 'revision', []],
    ['1.28.1', '1.31.0', 'revision', ['MP-151']],
    ['1.31', '1.30', 'revision', ['MP-152']],
    ['1.30.6', '1.30.4', 'in-place', ['MP-152']],
    ['lab', '1.31', 'in-place', ['MP-151', 'MP-153']],
  ])('%s → %s %s: %j', (from, to, strategy, codes) => {
    expect(codesOf(from, to, strategy)).toEqual(codes)
  })

  test('says what would be supported instead', () => {
    const [inPlace] = versionProblems({ from: '1.29', to: '1.31', strategy: 'in-place', kubernetes: ['1.33'] })
    expect(inPlace).toMatchObject({
      where: 'from 1.29 to 1.31',
      why: expect.stringContaining('2 minor versions'),
      next: expect.stringContaining('--strategy=revision'),
    })
    const [revision] = versionProblems({ from: '1.28', to: '1.31', strategy: 'revision', kubernetes: ['1.33'] })
    expect(revision?.next).toBe('Upgrade to 1.30 first.')
  })
})

describe('Kubernetes must be supported by both versions', () => {
  test.each([
    ['1.29', '1.30', 'v1.31.2', ['MP-153']], // 1.29 alone supports it
    ['1.29', '1.30', 'v1.36.0', ['MP-153']], // 1.30 alone
    ['1.29', '1.30', 'v1.32.0', []],
    ['1.29', '1.30', 'v1.35.9', []],
    ['1.30', '1.31', '1.36', []],
    ['1.26', '1.27', 'v1.34.4', ['MP-153']],
  ] as const)('%s → %s on %s: %j', (from, to, kubernetes, codes) => {
    expect(codesOf(from, to, 'in-place', kubernetes)).toEqual(codes)
  })

  test('in every cluster, each version told once with the range that fits both', () => {
    const problems = versionProblems({
      from: '1.28',
      to: '1.29',
      strategy: 'in-place',
      kubernetes: ['v1.30.1', 'v1.33.0', 'v1.30.1'],
    })
    expect(problems).toEqual([
      expect.objectContaining({
        where: 'Kubernetes v1.30.1',
        next: 'Upgrade between these releases on Kubernetes 1.31 to 1.34.',
      }),
    ])
  })
})
