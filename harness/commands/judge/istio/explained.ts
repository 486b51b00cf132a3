import type { Images } from '#images/images.ts'
import type { JudgeTest } from '#results/results.ts'
import type { IstioJudge, KnownFailure } from './istio-list.ts'

/** On what it depends which tests are left out, and which failures are known. */
export type Circumstances = {
  known: readonly KnownFailure[]
  topology: string
  /** Where the images of the lab are from. */
  imageSource: Images['source']
}

/** The subtests that are left out, with images from where they are. */
export const leftOutOf = ({ without }: IstioJudge, { imageSource }: Circumstances): IstioJudge['without'] =>
  without.filter(({ images }) => (images ?? imageSource) === imageSource)

/**
 * A test as the list explains it. One that fails as the list says did not prove anything, and says so; one that was
 * left out says why.
 */
export const explained = (test: JudgeTest, judge: IstioJudge, judging: Circumstances): JudgeTest => {
  const { known, topology, imageSource } = judging
  if (test.verdict === 'skipped') {
    const left = leftOutOf(judge, judging).find(({ tests }) => matchesLevels(tests, test.name))
    return left === undefined ? test : { ...test, reason: `left out: ${left.why}` }
  }
  if (test.verdict !== 'fail') return test
  const entry = known.find(
    ({ test: pattern, on, images }) =>
      pattern.test(test.name) && (on?.includes(topology) ?? true) && (images ?? imageSource) === imageSource,
  )
  if (entry === undefined) return test
  return { ...test, verdict: 'skipped', reason: `it fails, as is known: ${entry.why}; it says: ${test.reason}` }
}

/** Whether each level of a test’s name matches its own regular expression. */
const matchesLevels = (patterns: string, name: string): boolean => {
  const levels = name.split('/')
  return patterns.split('/').every((pattern, index) => new RegExp(pattern).test(levels[index] ?? '\n'))
}
