import { expect, test } from 'vitest'
import { causes } from '#results/causes.ts'
import { diagnosisOf } from '#results/explain.ts'
import { diagnosisWith } from '#testing/mesh-diagnosis.ts'
import { acrossRounds } from '#results/rounds.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { junit } from './junit.ts'
import type { CheckResult } from '#results/results.ts'

type Element = { name: string; attributes: Record<string, string>; text: string; children: Element[] }

const unescape = (text: string): string =>
  text.replace(/&(?:#x([0-9A-F]+)|(lt|gt|amp|quot|apos));/gi, (_all, code?: string, name?: string) =>
    code === undefined
      ? ({ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }[name ?? ''] ?? '')
      : String.fromCodePoint(Number.parseInt(code, 16)),
  )

/**
 * Reads a document as strictly as XML 1.0 asks of what we write: every character belongs to a tag, escaped text or
 * CDATA.
 */
const parsed = (xml: string): Element => {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(xml))
    throw new Error('a character that XML does not allow')
  const top: Element = { name: '', attributes: {}, text: '', children: [] }
  const open = [top]
  const attribute = String.raw`[\w-]+="(?:[^<&"]|&[\w#]+;)*"`
  const token = new RegExp(
    [
      String.raw`<\?xml [^?]*\?>`,
      String.raw`<!\[CDATA\[(?<cdata>.*?)\]\]>`,
      String.raw`<\/(?<end>[\w-]+)>`,
      String.raw`<(?<start>[\w-]+)(?<attributes>(?:\s+${attribute})*)\s*(?<empty>\/?)>`,
      String.raw`(?<text>(?:[^<&]|&[\w#]+;)+)`,
      '(?<wrong>.)',
    ].join('|'),
    'gsu',
  )
  for (const { 0: matched, groups = {} } of xml.matchAll(token)) {
    const { cdata, end, start, attributes = '', empty, text, wrong } = groups
    const parent = open[0]!
    if (wrong !== undefined) throw new Error(`not well-formed at ${matched}`)
    if (start !== undefined) {
      const pairs = [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [
        key,
        unescape(value),
      ])
      const element: Element = {
        name: start,
        attributes: Object.fromEntries(pairs) as Record<string, string>,
        text: '',
        children: [],
      }
      parent.children.push(element)
      if (empty === '') open.unshift(element)
    } else if (end !== undefined) {
      if (open.shift()?.name !== end) throw new Error(`</${end}> closes something else`)
    } else parent.text += cdata ?? (text === undefined ? '' : unescape(text).trim())
  }
  if (open.length !== 1 || top.children.length !== 1) throw new Error('not one closed root')
  return top.children[0]!
}

const suitesOf = (...checks: CheckResult[]): Element => parsed(junit(resultsOf(topologyResult(checks))))
const casesOf = (suite: Element | undefined): Element[] =>
  suite?.children.filter(({ name }) => name === 'testcase') ?? []
const caseOf = (of: Partial<CheckResult>): Element => casesOf(suitesOf(checkResult(of)).children[0])[0]!
const outcomes = ({ children }: Element): string[] =>
  children.map(({ name }) => name).filter((name) => !name.startsWith('system'))

test('a suite is a variant of a topology, a case a check and where it asks from', () => {
  const attempt = {
    startedAt: '2026-01-01T00:00:00Z',
    seconds: 1.5,
    verdict: 'pass' as const,
    reason: '',
    evidence: [],
  }
  const {
    name,
    children: [suite],
  } = suitesOf(checkResult({ attempts: [attempt, attempt] }), checkResult({ from: ['cluster1', 'cluster2'] }))
  expect([name, suite?.attributes['name'], suite?.attributes['tests']]).toEqual([
    'testsuites',
    'meshproof.gateway.strict',
    '2',
  ])
  expect(casesOf(suite).map(({ attributes }) => attributes)).toMatchObject([
    { classname: 'meshproof.gateway.strict.reach', name: 'reach.local from cluster1', time: '3.000' },
    { classname: 'meshproof.gateway.strict.reach', name: 'reach.local from cluster1, cluster2' },
  ])
})

test('the variants of a topology have different names', () => {
  const { children: suites } = parsed(
    junit(resultsOf(topologyResult([checkResult()]), topologyResult([checkResult()], { mtls: 'off' }))),
  )
  expect(suites.map(({ attributes }) => attributes['name'])).toEqual([
    'meshproof.gateway.strict',
    'meshproof.gateway.off',
  ])
  expect(suites.map((suite) => casesOf(suite)[0]?.attributes['classname'])).toEqual([
    'meshproof.gateway.strict.reach',
    'meshproof.gateway.off.reach',
  ])
})

test('a failure has its code, and its cause and next step beside the reason', () => {
  const [failure] = caseOf({
    verdict: 'fail',
    reason: 'expected 0 to be 21',
    diagnosis: diagnosisOf('MP-721'),
  }).children
  expect(failure).toMatchObject({ name: 'failure', attributes: { type: 'MP-721', message: 'expected 0 to be 21' } })
  expect(failure?.text.split('\n')).toEqual([
    'expected 0 to be 21',
    'layer: trust',
    `cause: ${causes['MP-721'].cause}`,
    `next: ${causes['MP-721'].fix}`,
    'it proves that a client reaches its own cluster’s version (seed 000)',
  ])
})

test('a failure keeps its own words and names what explains it', () => {
  const gateway = { layer: 'gateways', code: 'MP-887', where: 'cluster2 istio-system/gateway' } as const
  const checks = [checkResult({ verdict: 'fail', reason: 'no answer', diagnosis: diagnosisOf('MP-721') })]
  const diagnosis = diagnosisWith([gateway], gateway)
  const { children } = parsed(junit(resultsOf(topologyResult(checks, { diagnosis }))))
  const [failure] = casesOf(children[0])[0]!.children
  expect(failure).toMatchObject({ attributes: { type: 'MP-721', message: 'no answer' } })
  expect(failure?.text.split('\n').slice(-2)).toEqual([
    'explained by MP-887: a gateway has no ready pod behind its service (cluster2 istio-system/gateway)',
    'it proves that a client reaches its own cluster’s version (seed 000)',
  ])
})

test('a failure keeps what its attempts saw, the newest of it when it is much', () => {
  const attempt = {
    startedAt: '2026-01-01T00:00:00Z',
    seconds: 1.5,
    verdict: 'fail' as const,
    reason: 'nothing answered',
    evidence: [{ probe: 'curl', url: 'http://a/b' }],
  }
  const said = (of: Partial<CheckResult>): string =>
    caseOf({ verdict: 'fail', ...of }).children.find(({ name }) => name === 'system-out')?.text ?? ''
  expect(said({ attempts: [attempt] })).toBe(
    'attempt 1 of 1: failed after 1.5 s, 2026-01-01T00:00:00Z: nothing answered\n  curl: {"url":"http://a/b"}',
  )
  const much = said({
    attempts: [
      { ...attempt, evidence: [...Array.from({ length: 5000 }, () => attempt.evidence[0]!), { probe: 'the last' }] },
    ],
  })
  expect(much.length).toBeLessThan(20_000)
  expect(much).toMatch(/^\(the beginning is left out/)
  expect(much).toMatch(/the last: \{\}$/)
})

test('a check of several rounds is one case, with a line for each round', () => {
  const [check] = acrossRounds([
    [checkResult()],
    [checkResult({ verdict: 'fail', reason: 'no answer' })],
    [checkResult({ verdict: 'not-run', reason: 'the run was interrupted' })],
  ])
  const rounds = check!.repeated!.rounds.map(({ reason, verdict }) => ({ reason, verdict, seconds: 1 }))
  const topology = topologyResult([check!], { rounds })
  const suite = parsed(junit(resultsOf(topology))).children[0]
  expect(suite?.attributes).toMatchObject({ tests: '1', failures: '1' })
  expect(suite?.children[0]?.children.at(-1)?.attributes).toEqual({ name: 'rounds', value: '3' })
  const passing = acrossRounds([[checkResult()], [checkResult()]])[0]!
  expect(caseOf(passing).children[0]?.text.split('\n')).toEqual([
    '21 of 21 answered',
    'round 1 of 2: passed after 0.0 s: 21 of 21 answered',
    'round 2 of 2: passed after 0.0 s: 21 of 21 answered',
  ])
})

test('what was skipped keeps its reason', () => {
  const [skipped] = caseOf({ verdict: 'skipped', reason: 'not selected by --suite' }).children
  expect(skipped).toMatchObject({ name: 'skipped', attributes: { message: 'not selected by --suite' } })
})

test('a document and its suites count what they hold, and say when and with what', () => {
  const checks = [
    checkResult(),
    checkResult({ verdict: 'fail' }),
    checkResult({ verdict: 'skipped' }),
    checkResult({ verdict: 'flaky' }),
    checkResult({ verdict: 'not-run' }),
  ]
  const suites = suitesOf(...checks)
  const counts = {
    tests: '5',
    failures: '1',
    errors: '1',
    skipped: '1',
    time: '0.000',
    timestamp: '2026-01-01T00:00:00',
  }
  expect(suites.attributes).toMatchObject(counts)
  expect(suites.children[0]?.attributes).toMatchObject(counts)
  const properties = suites.children[0]?.children
    .find(({ name }) => name === 'properties')
    ?.children.map(({ attributes }) => attributes['name'])
  expect(properties).toEqual(['istio', 'envoy', 'kubernetes', 'kind', 'run', 'topology', 'mtls'])
})

test('what was not run is an error', () => {
  const [error] = caseOf({ verdict: 'not-run', reason: 'the lab was not complete' }).children
  expect(error).toMatchObject({ name: 'error', attributes: { message: 'not run: the lab was not complete' } })
})

test('only a pass and a retry read as passed, and a retry says so', () => {
  expect(outcomes(caseOf({ verdict: 'pass' }))).toEqual([])
  expect(outcomes(caseOf({ verdict: 'flaky' }))).toEqual([])
  expect(caseOf({ verdict: 'flaky' }).children[0]?.text).toBe('passed on retry: 21 of 21 answered')
})

test('what means something in XML is kept as text, and what XML cannot hold is left out', () => {
  const reason = 'a <b attr="1"> & \'c\' ]]> “d”'
  expect(caseOf({ verdict: 'fail', reason }).children[0]?.attributes['message']).toBe(reason)
  expect(caseOf({ verdict: 'pass', reason }).children.at(-1)?.text).toBe(reason)
  expect(caseOf({ id: reason }).attributes['name']).toBe(`${reason} from cluster1`)
  expect(caseOf({ verdict: 'not-run', reason: 'red\u001b \u0000text' }).children[0]?.attributes['message']).toBe(
    'not run: red text',
  )
})
