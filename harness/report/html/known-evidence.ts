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

const column = (title: string, key = title): Column => ({ title, of: (piece) => value(piece[key]) })
const code = (text: unknown): Markup | string =>
  typeof text === 'string' && text !== '' ? markup`<code>${text}</code>` : value(text)
const coded = (title: string, key = title): Column => ({ title, of: (piece) => code(piece[key]) })

/** What is typed to see the same again. */
const curlLine: Column = {
  title: 'request',
  of: ({ url, through }) =>
    code(`curl ${typeof through === 'string' && through ? `--connect-to ::${through} ` : ''}${String(url)}`),
}
const settled: Column = {
  title: 'settled after',
  of: ({ settledAfterSeconds: seconds, batches }) =>
    typeof seconds === 'number' && seconds > 0
      ? `${duration(seconds)}, ${String(batches)} ${batches === 1 ? 'batch' : 'batches'}`
      : '',
}

type Show = (fact: unknown) => Markup | string

/**
 * Certificates: who each is for, who signed it, its fingerprint. The same one again is named alone. One that is not
 * what we know is shown as it is.
 */
const certificates = (): Show => {
  const shown = new Set<string>()
  const one: Show = (fact) => {
    const read = Certificate.safeParse(fact)
    if (!read.success) return value(fact)
    const { subject, issuer, san, sha256 } = read.data
    const name = [subject, san].filter(Boolean).join(' · ')
    if (shown.has(sha256)) return markup`<p>${name} <code>${sha256.slice(0, 11)}…</code> as above</p>`
    shown.add(sha256)
    return markup`<dl class="certificate"><dt>subject</dt><dd>${name}</dd><dt>issuer</dt><dd>${issuer}</dd><dt>SHA-256</dt><dd><code>${sha256}</code></dd></dl>`
  }
  return (fact) => (Array.isArray(fact) ? markup`${fact.map(one)}` : one(fact))
}

const access: Column = {
  title: 'newest line',
  of: ({ newest }) => {
    const read = Access.safeParse(newest)
    if (!read.success) return value(newest)
    const { path, status, ...rest } = read.data
    return markup`<code>${value(status)} ${value(path)}</code><br>${value(rest)}`
  },
}

/**
 * How the probes of this harness are shown in one attempt, by their name; whatever is not here is shown field by field.
 */
export const knownEvidence = (): Record<string, Column[]> => {
  const show = certificates()
  const shown = (title: string, key = title): Column => ({ title, of: (piece) => show(piece[key]) })
  return {
    ...plain,
    cacerts: [column('cluster'), shown('intermediate'), shown('root')],
    certificates: [column('proxy'), shown('chain, the workload’s first', 'chain'), shown('trusted roots', 'roots')],
  }
}

const plain: Record<string, Column[]> = {
  curl: [
    column('from'),
    curlLine,
    column('answers'),
    { title: 'first strange answer', of: ({ firstStrange, error }) => value(firstStrange ?? error) },
    settled,
    {
      title: 'chance to miss a version',
      of: ({ chanceToMissAVersion: chance }) => (typeof chance === 'number' ? figure(chance) : ''),
    },
  ],
  connect: [
    column('from'),
    coded('to'),
    {
      title: 'connection',
      of: ({ connected, curl }) => (connected === true ? 'open' : `not open (curl ${String(curl)})`),
    },
    { title: 'error', of: ({ connected, error }) => (connected === true ? '' : value(error)) },
    { title: 'took', of: ({ seconds }) => (typeof seconds === 'number' ? duration(seconds) : '') },
  ],
  connections: [
    column('from'),
    coded('to'),
    { title: 'opened', of: ({ tries, failed }) => `${Number(tries) - Number(failed)} of ${String(tries)}` },
    { title: 'late, after a lost packet', of: ({ late }) => String(late) },
    column('error'),
  ],
  'access log': [column('proxy'), column('lines'), access],
  capture: [
    column('node'),
    { title: 'TLS', of: ({ tls, flows }) => `${String(tls)} of ${String(flows)} flows` },
    { title: 'in clear', of: ({ clear, looksFor }) => `${String(clear)} show “${String(looksFor)}”` },
    column('bytes'),
    column('lost packets', 'lost'),
  ],
  endpoints: [
    column('proxy'),
    coded('cluster'),
    {
      title: 'endpoints',
      of: ({ endpoints }) =>
        Array.isArray(endpoints) && endpoints.length > 0
          ? markup`${endpoints.map((one) => markup`<code>${value(one)}</code> `)}`
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

/** A column of a table of evidence: its title, and what stands in it. */
export type Column = { title: string; of: (piece: Evidence) => Markup | string | undefined }
