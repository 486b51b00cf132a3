import type { Check } from '#checks/check.ts'
import { variantName } from '#results/results.ts'
import type { Proof } from './judge.ts'

/**
 * The page that `prove` writes, in Markdown: every fault with the checks that noticed it, and every check with the
 * faults that prove it.
 */
export const proofPage = (proofs: Proof[], checks: readonly Check[], environment: string): string =>
  [
    '# Proof',
    '',
    'Every check is proven by breaking a running mesh: the fault must turn the check red and name its cause, and ' +
      'leave every check of',
    'the layers below green. So is every code of `meshproof diagnose`, which must name it in its first broken ' +
      'layer, or as a warning.',
    `A row is what \`npx meshproof prove\` saw of one fault in one lab: ${environment}.`,
    'Checks of upgrades are proven by [faulty upgrades](upgrade.md#proof-that-it-can-fail).',
    '',
    '| fault | what it breaks | in | turned red | diagnosed as | seconds |',
    '|---|---|---|---|---|---|',
    ...proofs.map(
      (proof) =>
        `| \`${proof.fault}\` | ${proof.breaks} | ${variantName({ name: proof.topology, mtls: proof.mtls })} | ` +
        `${redOf(proof)} | ` +
        `${proof.diagnosed ? `[${proof.diagnosed.wanted}](codes.md#${proof.diagnosed.wanted.toLowerCase()})` : ''} ` +
        `| ${proof.seconds.toFixed(0)} |`,
    ),
    '',
    '| check | turned red by |',
    '|---|---|',
    ...checks.map(
      ({ id }) =>
        `| \`${id}\` | ${
          proofs
            .filter(({ verdict, red }) => verdict === 'detected' && red.some(({ check }) => check === id))
            .map(({ fault }) => `\`${fault}\``)
            .join(', ') || 'nothing'
        } |`,
    ),
    '',
  ].join('\n')

/** The checks of the catalogue that no detected fault turned red. */
export const unproven = (proofs: Proof[], checks: readonly Check[]): string[] =>
  checks
    .map(({ id }) => id)
    .filter((id) => !proofs.some(({ verdict, red }) => verdict === 'detected' && red.some(({ check }) => check === id)))

const redOf = ({ verdict, reason, red }: Proof): string =>
  [
    ...(verdict === 'detected' ? [] : [`**${verdict}**: ${reason.replaceAll('|', '/')}`]),
    ...red.map(({ check, code }) => `\`${check}\` (${code})`),
  ].join(', ')
