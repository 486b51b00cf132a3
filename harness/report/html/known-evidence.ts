import { z } from 'zod'
import { markup, type Markup } from '#report/markup.ts'
import { duration } from '#report/words.ts'
import type { Evidence } from '#results/results.ts'
import { figure, value } from './value.ts'

const Certificate = z.object({ subject: z.string(), issuer: z.string(), san: z.string(), sha256: z.string() })
const Access = z.object({
  path: z.string().nullish(),
  status: z.number().nullish(),
  upstream: z.string().nullish(),
  upstreamIdentity: z.string().nullish(),
  downstream: z.string().nullish(),
  downstreamIdentity: z.string().nullish(),
  sni: z.string().nullish(),
  cluster: z.string().nullish(),
})

const column = (title: string, key = title): EvidenceColumn => ({ title, cellOf: (piece) => value(piece[key]) })
const code = (text: unknown): Markup | string =>
  typeof text === 'string' && text !== '' ? markup`<code>${text}</code>` : value(text)
const coded = (title: string, key = title): EvidenceColumn => ({ title, cellOf: (piece) => code(piece[key]) })

/** The command that repeats the request. */
const curlLine: EvidenceColumn = {
  title: 'request',
  cellOf: ({ url, through }) =>
    code(`curl ${typeof through === 'string' && through ? `--connect-to ::${through} ` : ''}${String(url)}`),
}
const settled: EvidenceColumn = {
  title: 'settled after',
  cellOf: ({ settledAfterSeconds: seconds, batches }) =>
    typeof seconds === 'number' && seconds > 0
      ? `${duration(seconds)}, ${String(batches)} ${batches === 1 ? 'batch' : 'batches'}`
      : '',
}

type Show = (fact: unknown) => Markup | string

/**
 * Certificates: for whom each is, who signed it, and its fingerprint. A certificate that is shown already is named in
 * short. A fact that is not a certificate of the known shape is shown as it is.
 */
const certificates = (): Show => {
  const shown = new Set<string>()
  const certificate: Show = (fact) => {
    const parsed = Certificate.safeParse(fact)
    if (!parsed.success) return value(fact)
    const { subject, issuer, san, sha256 } = parsed.data
    const name = [subject, san].filter(Boolean).join(' · ')
    if (shown.has(sha256)) return markup`<p>${name} <code>${sha256.slice(0, 11)}…</code> as above</p>`
    shown.add(sha256)
    return markup`
      <dl class="certificate">
        <dt>subject</dt><dd>${name}</dd>
        <dt>issuer</dt><dd>${issuer}</dd>
        <dt>SHA-256</dt><dd><code>${sha256}</code></dd>
      </dl>
    `
  }
  return (fact) => (Array.isArray(fact) ? markup`${fact.map(certificate)}` : certificate(fact))
}

const access: EvidenceColumn = {
  title: 'newest line',
  cellOf: ({ newest }) => {
    const parsed = Access.safeParse(newest)
    if (!parsed.success) return value(newest)
    const { path, status, ...rest } = parsed.data
    return markup`<code>${value(status)} ${value(path)}</code><br>${value(rest)}`
  },
}

/**
 * The columns for each probe of this harness, by the name of the probe, for the evidence of an attempt. Other probes
 * are shown field by field.
 */
export const knownEvidence = (): Record<string, EvidenceColumn[]> => {
  const show = certificates()
  const shown = (title: string, key = title): EvidenceColumn => ({ title, cellOf: (piece) => show(piece[key]) })
  return {
    ...plain,
    cacerts: [column('cluster'), shown('intermediate'), shown('root')],
    certificates: [column('proxy'), shown('chain, the workload’s first', 'chain'), shown('trusted roots', 'roots')],
  }
}

const plain: Record<string, EvidenceColumn[]> = {
  curl: [
    column('from'),
    curlLine,
    column('answers'),
    { title: 'first strange answer', cellOf: ({ firstStrange, error }) => value(firstStrange ?? error) },
    settled,
    {
      title: 'chance to miss a version',
      cellOf: ({ chanceToMissAVersion: chance }) => (typeof chance === 'number' ? figure(chance) : ''),
    },
  ],
  connect: [
    column('from'),
    coded('to'),
    {
      title: 'connection',
      cellOf: ({ connected, curl }) => (connected === true ? 'open' : `not open (curl ${String(curl)})`),
    },
    { title: 'error', cellOf: ({ connected, error }) => (connected === true ? '' : value(error)) },
    { title: 'took', cellOf: ({ seconds }) => (typeof seconds === 'number' ? duration(seconds) : '') },
  ],
  connections: [
    column('from'),
    coded('to'),
    { title: 'opened', cellOf: ({ tries, failed }) => `${Number(tries) - Number(failed)} of ${String(tries)}` },
    { title: 'late, after a lost packet', cellOf: ({ late }) => String(late) },
    column('error'),
  ],
  'access log': [column('proxy'), column('lines'), access],
  capture: [
    column('node'),
    { title: 'TLS', cellOf: ({ tls, flows }) => `${String(tls)} of ${String(flows)} flows` },
    { title: 'in clear', cellOf: ({ clear, looksFor }) => `${String(clear)} show “${String(looksFor)}”` },
    column('bytes'),
    column('lost packets', 'lost'),
  ],
  endpoints: [
    column('proxy'),
    coded('cluster'),
    {
      title: 'endpoints',
      cellOf: ({ endpoints }) =>
        Array.isArray(endpoints) && endpoints.length > 0
          ? markup`${endpoints.map((endpoint) => markup`<code>${value(endpoint)}</code> `)}`
          : value(endpoints),
    },
  ],
  policy: [column('applied'), column('in'), column('objects')],
  'remote secret': [
    column('of'),
    column('from'),
    column('found'),
    coded('server'),
    column('with token', 'withToken'),
    column('without token', 'withoutToken'),
    column('error'),
  ],
}

/** A column of a table of evidence: its title, and what stands in the cell of a piece. */
export type EvidenceColumn = { title: string; cellOf: (piece: Evidence) => Markup | string | undefined }
