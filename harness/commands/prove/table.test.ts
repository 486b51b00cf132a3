import { expect, test } from 'vitest'
import { checkOf } from '#testing/checks.ts'
import { Proof } from './judge.ts'
import { proofPage, unproven } from './table.ts'

const checks = ['net.gateway-open', 'reach.local', 'reach.path'].map((id) => checkOf({ id }))

const proofOf = (fault: string, checksRed: string[], of: Partial<Proof> = {}): Proof =>
  Proof.parse({
    fault,
    breaks: `what ${fault} breaks`,
    topology: 'vpn',
    mtls: 'strict',
    verdict: 'detected',
    reason: '',
    red: checksRed.map((check) => ({ check, code: 'MP-751' })),
    seconds: 12.4,
    results: [],
    ...of,
  })

const proofs = [
  proofOf('port-blocked', ['net.gateway-open'], { diagnosed: { wanted: 'MP-885', named: ['MP-885'] } }),
  proofOf('rule-left', ['reach.local', 'reach.path'], { mtls: 'off' }),
  proofOf('version-denied', ['reach.local'], { topology: 'gateway' }),
  proofOf('rule-older', ['reach.path'], { verdict: 'missed', reason: 'reach.path named MP-751 instead of MP-753' }),
  proofOf('no-room', [], { verdict: 'not-run', reason: 'no space left', seconds: 0 }),
]

/** The tables of a page, line by line, each cell trimmed; without their heads. */
const tablesOf = (page: string): string[][][] =>
  page
    .split('\n\n')
    .filter((part) => part.startsWith('|'))
    .map((part) =>
      part
        .trimEnd()
        .split('\n')
        .slice(2)
        .map((line) =>
          line
            .split('|')
            .slice(1, -1)
            .map((cell) => cell.trim()),
        ),
    )

test('the page has every fault with the checks that it turned red, and every check with the detected faults', () => {
  const page = proofPage(proofs, checks, 'Kubernetes 1.33.1, Istio 1.27.0, Envoy 1.35.0, 2 cores')
  expect(page).toContain('in one lab: Kubernetes 1.33.1, Istio 1.27.0, Envoy 1.35.0, 2 cores.')
  expect(tablesOf(page)).toEqual([
    [
      [
        '`port-blocked`',
        'what port-blocked breaks',
        'vpn',
        '`net.gateway-open` (MP-751)',
        '[MP-885](codes.md#mp-885)',
        '12',
      ],
      [
        '`rule-left`',
        'what rule-left breaks',
        'vpn with mutual TLS off',
        '`reach.local` (MP-751), `reach.path` (MP-751)',
        '',
        '12',
      ],
      ['`version-denied`', 'what version-denied breaks', 'gateway', '`reach.local` (MP-751)', '', '12'],
      [
        '`rule-older`',
        'what rule-older breaks',
        'vpn',
        '**missed**: reach.path named MP-751 instead of MP-753, `reach.path` (MP-751)',
        '',
        '12',
      ],
      ['`no-room`', 'what no-room breaks', 'vpn', '**not-run**: no space left', '', '0'],
    ],
    [
      ['`net.gateway-open`', '`port-blocked`'],
      ['`reach.local`', '`rule-left`, `version-denied`'],
      ['`reach.path`', '`rule-left`'],
    ],
  ])
})

test('a check that only a missed fault turned red is not proven', () => {
  expect(unproven(proofs, checks)).toEqual([])
  const without = proofs.filter(({ fault }) => fault !== 'rule-left')
  expect(unproven(without, checks)).toEqual(['reach.path'])
  expect(
    tablesOf(proofPage(without, checks, ''))
      .at(-1)
      ?.at(-1),
  ).toEqual(['`reach.path`', 'nothing'])
  expect(unproven([], checks)).toEqual(checks.map(({ id }) => id))
})
