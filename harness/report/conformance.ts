import { stringify } from 'yaml'
import { z } from 'zod'
import {
  CodeText,
  isOpenFailure,
  layers,
  notSelected,
  topologyVerdict,
  type CheckResult,
  type Results,
  type TopologyResult,
} from '#results/results.ts'
import { upgradeChecks } from './upgrade-checks.ts'

const Count = z.number().int().min(0)

/** How to make such a run again. */
const Reproduce = z.strictObject({
  /** The command, without what is of this machine: addresses, folders, names of contexts. */
  command: z.string().optional(),
  kind: z.string().optional(),
  node: z.string().optional(),
  helm: z.string().optional(),
  /** The images of the lab. Existing clusters have theirs. */
  images: z.array(z.strictObject({ name: z.string(), digest: z.string(), source: z.string() })).optional(),
})

/**
 * `conformance.yaml`: what was proven with which versions, in the form of Gateway API's ConformanceReport. It says
 * nothing about the machine.
 */
export const ConformanceReport = z.strictObject({
  apiVersion: z.literal('meshproof.dev/v1'),
  kind: z.literal('ConformanceReport'),
  date: z.iso.datetime(),
  versions: z.strictObject({ meshproof: z.string(), istio: z.string(), envoy: z.string(), kubernetes: z.string() }),
  reproduce: Reproduce,
  /** A profile is a variant of a topology. Its tests are checks, each with its worst verdict over the clusters. */
  profiles: z.array(
    z.strictObject({
      name: z.string(),
      mtls: z.enum(['strict', 'off']),
      core: z.strictObject({
        /**
         * `partial`: no test failed, but some tests of the profile passed only on a retry, were left out or did not
         * run.
         */
        result: z.enum(['success', 'partial', 'failure']),
        /** `passed` are the tests that passed at the first attempt; `flaky` passed on a retry alone. */
        statistics: z.strictObject({ passed: Count, failed: Count, flaky: Count, skipped: Count, notRun: Count }),
        /** How often the tests were run, if more than once. Each has the verdict of its worst round. */
        rounds: Count.optional(),
        failedTests: z
          .array(
            z.strictObject({
              name: z.string(),
              layer: z.enum(layers),
              code: CodeText.optional(),
              /** The known issue that every failure of the test meets. It is a failed test all the same. */
              knownIssue: z.string().optional(),
            }),
          )
          .optional(),
        /** The flaky tests. */
        retriedTests: z.array(z.string()).optional(),
        skippedTests: z.array(z.strictObject({ name: z.string(), reason: z.string() })).optional(),
        notRunTests: z.array(z.string()).optional(),
      }),
    }),
  ),
})
export type ConformanceReport = z.infer<typeof ConformanceReport>

/** The conformance report of a run as YAML, from its results alone. */
export const conformance = (results: Results): string => stringify(conformanceReport(results), { lineWidth: 0 })

/** The conformance report of a run, from its results alone. */
export const conformanceReport = (results: Results): ConformanceReport => {
  const { run, environment, topologies } = results
  const { meshproof = 'unknown', istio, envoy, kubernetes } = environment
  return ConformanceReport.parse({
    apiVersion: 'meshproof.dev/v1',
    kind: 'ConformanceReport',
    date: run.startedAt,
    versions: { meshproof, istio, envoy, kubernetes },
    reproduce: reproduceOf(results),
    profiles: topologies.map((topology) => ({ name: topology.name, mtls: topology.mtls, core: coreOf(topology) })),
  } satisfies ConformanceReport)
}

const reproduceOf = ({ run, environment }: Results): ConformanceReport['reproduce'] => {
  const kind = /v\d[\w.+-]*/.exec(environment.kind)?.[0]
  return {
    ...(run.reproduce === undefined ? {} : { command: run.reproduce }),
    ...(kind === undefined ? {} : { kind }),
    ...(environment.node === undefined ? {} : { node: environment.node }),
    ...(environment.helm === undefined ? {} : { helm: environment.helm }),
    ...ifAny('images', environment.images),
  }
}

/** A test of a profile: a check with its results from every place. Its verdict is the worst of them. */
type ConformanceTest = { name: string; results: CheckResult[]; verdict: CheckResult['verdict'] }

/** The tests of a profile. */
export const conformanceTests = (topology: TopologyResult): ConformanceTest[] => {
  const checks = [...topology.checks, ...upgradeChecks(topology)]
  return [...Map.groupBy(checks, ({ id }) => id)].map(([name, results]) => ({
    name,
    results,
    verdict: topologyVerdict(results),
  }))
}

const coreOf = (topology: TopologyResult): ConformanceReport['profiles'][number]['core'] => {
  const tests = conformanceTests(topology)
  const testsWith = (verdict: CheckResult['verdict']): ConformanceTest[] =>
    tests.filter((test) => test.verdict === verdict)
  const [passed, failed, flaky] = [testsWith('pass'), testsWith('fail'), testsWith('flaky')]
  const [skipped, notRun] = [testsWith('skipped'), testsWith('not-run')]
  const leftOut = skipped.filter(({ results }) => results.some(({ reason }) => reason === notSelected))
  const isPartial = tests.length === 0 || [flaky, leftOut, notRun].some((some) => some.length > 0)
  return {
    result: failed.length > 0 ? 'failure' : isPartial ? 'partial' : 'success',
    statistics: {
      passed: passed.length,
      failed: failed.length,
      flaky: flaky.length,
      skipped: skipped.length,
      notRun: notRun.length,
    },
    ...(topology.rounds === undefined ? {} : { rounds: topology.rounds.length }),
    ...ifAny(
      'failedTests',
      failed.flatMap(({ name, results }) => {
        // A failure without a known issue is the one that counts.
        const worst = results.find(isOpenFailure) ?? results.find(({ verdict }) => verdict === 'fail')
        if (!worst) return []
        const { layer, diagnosis, knownIssue } = worst
        return [
          {
            name,
            layer,
            ...(diagnosis ? { code: diagnosis.code } : {}),
            ...(knownIssue ? { knownIssue: knownIssue.issue } : {}),
          },
        ]
      }),
    ),
    ...ifAny(
      'retriedTests',
      flaky.map(({ name }) => name),
    ),
    ...ifAny(
      'skippedTests',
      skipped.map(({ name, results }) => ({ name, reason: results[0]?.reason ?? '' })),
    ),
    // Without the reason: the text of an error can name files and addresses of the machine.
    ...ifAny(
      'notRunTests',
      notRun.map(({ name }) => name),
    ),
  }
}

const ifAny = <Key extends string, Value>(key: Key, list: Value[]): Partial<Record<Key, Value[]>> =>
  list.length === 0 ? {} : ({ [key]: list } as Record<Key, Value[]>)
