import { stringify } from 'yaml'
import { z } from 'zod'
import {
  CodeText,
  layers,
  notSelected,
  topologyVerdict,
  type CheckResult,
  type Results,
  type TopologyResult,
} from '#results/results.ts'
import { upgradeChecks } from './upgrade-checks.ts'

const Count = z.number().int().min(0)

/**
 * `conformance.yaml`: what was proven with which versions, in the form of Gateway API's ConformanceReport. It says
 * nothing about the machine.
 */
export const ConformanceReport = z.strictObject({
  apiVersion: z.literal('meshproof.dev/v1'),
  kind: z.literal('ConformanceReport'),
  date: z.iso.datetime(),
  versions: z.strictObject({ meshproof: z.string(), istio: z.string(), envoy: z.string(), kubernetes: z.string() }),
  /** A profile is a variant of a topology. Its tests are checks, each with its worst verdict over the clusters. */
  profiles: z.array(
    z.strictObject({
      name: z.string(),
      mtls: z.enum(['strict', 'off']),
      core: z.strictObject({
        /** `partial`: no test failed, but some tests of the profile were left out or did not run. */
        result: z.enum(['success', 'partial', 'failure']),
        statistics: z.strictObject({ passed: Count, failed: Count, skipped: Count, notRun: Count }),
        failedTests: z
          .array(z.strictObject({ name: z.string(), layer: z.enum(layers), code: CodeText.optional() }))
          .optional(),
        /** The tests that passed, but not at the first attempt. */
        retriedTests: z.array(z.string()).optional(),
        skippedTests: z.array(z.strictObject({ name: z.string(), reason: z.string() })).optional(),
        notRunTests: z.array(z.string()).optional(),
      }),
    }),
  ),
})
export type ConformanceReport = z.infer<typeof ConformanceReport>

/** The conformance report of a run, from its results alone. */
export const conformance = ({ run, environment, topologies }: Results): string => {
  const { meshproof = 'unknown', istio, envoy, kubernetes } = environment
  const report: ConformanceReport = {
    apiVersion: 'meshproof.dev/v1',
    kind: 'ConformanceReport',
    date: run.startedAt,
    versions: { meshproof, istio, envoy, kubernetes },
    profiles: topologies.map((topology) => ({ name: topology.name, mtls: topology.mtls, core: coreOf(topology) })),
  }
  return stringify(ConformanceReport.parse(report), { lineWidth: 0 })
}

const coreOf = (topology: TopologyResult): ConformanceReport['profiles'][number]['core'] => {
  const checks = [...topology.checks, ...upgradeChecks(topology)]
  const tests = [...Map.groupBy(checks, ({ id }) => id)].map(([name, results]) => ({
    name,
    results,
    verdict: topologyVerdict(results),
  }))
  const testsWith = (verdict: CheckResult['verdict']): typeof tests => tests.filter((test) => test.verdict === verdict)
  const [passed, failed, retried] = [testsWith('pass'), testsWith('fail'), testsWith('flaky')]
  const [skipped, notRun] = [testsWith('skipped'), testsWith('not-run')]
  const leftOut = skipped.some(({ results }) => results.some(({ reason }) => reason === notSelected))
  return {
    result: failed.length > 0 ? 'failure' : leftOut || notRun.length > 0 || tests.length === 0 ? 'partial' : 'success',
    statistics: {
      passed: passed.length + retried.length,
      failed: failed.length,
      skipped: skipped.length,
      notRun: notRun.length,
    },
    ...ifAny(
      'failedTests',
      failed.flatMap(({ name, results }) =>
        results
          .filter(({ verdict }) => verdict === 'fail')
          .slice(0, 1)
          .map(({ layer, diagnosis }) => ({ name, layer, ...(diagnosis ? { code: diagnosis.code } : {}) })),
      ),
    ),
    ...ifAny(
      'retriedTests',
      retried.map(({ name }) => name),
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
