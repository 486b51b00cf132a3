/** A rule of what is secret in a text, and what stands there instead. */
type Rule = [secret: RegExp, instead: string | ((...match: string[]) => string)]

const privateKey = '[redacted private key]'

// Quotes may be escaped: JSON stands in JSON, and in log lines.
const quote = String.raw`\\*["']`
const quoted = String.raw`"(?:[^"\\]|\\.)+"|'[^']+'|\\+"[^"]+"`
const bare = String.raw`[^\s"'\\,;{}[\]()<>&]`
const secretKey = String.raw`(?:token|client-key-data|(?:api|access|secret|private)[-_]?key|client[-_]?secret)`
const secretName = String.raw`[\w.-]{0,200}(?:password|passwd|secret|token|key|credentials?)`
const pemBegin = '-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----'
const pemEnd = '-----END (?:[A-Z]+ )*PRIVATE KEY-----'
const pemBody = String.raw`(?:[A-Za-z0-9+/=\s]|\\+[nrt])*`

/** Takes the value of a key out and leaves its quotes, so that JSON stays JSON. */
const withoutValue = (_: string, key = '', value = ''): string => {
  const [around = ''] = new RegExp(`^${quote}`).exec(value) ?? []
  return `${key}${around}[redacted]${around}`
}

const rules: Rule[] = [
  // Line breaks of a PEM may be escaped as well, and its end may be cut off.
  [new RegExp(`${pemBegin}(?:[^]{0,20000}?${pemEnd}|${pemBody})`, 'g'), privateKey],
  // JSON Web Tokens, also the first part of one alone: each begins with {".
  [/eyJ[\w-]{7,}(?:\.[\w-]*)*/g, '[redacted token]'],
  [/\b(Bearer )[\w.~+/=-]{16,}/gi, '$1[redacted]'],
  [new RegExp(String.raw`(authorization${quote}?\s*[:=]\s*(?:${quote})?\w+ )${bare}+`, 'gi'), '$1[redacted]'],
  [/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/@"'<>]+@/gi, '$1[redacted]@'],
  [
    new RegExp(String.raw`((?:password|passwd|passphrase)(?:${quote})?\s*[:=]\s*)(${quoted}|${bare}+)`, 'gi'),
    withoutValue,
  ],
  // What follows such a word without quotes may be prose: a secret has a digit, and is not short.
  [
    new RegExp(String.raw`(${secretKey}(?:${quote})?\s*[:=]\s*)(${quoted}|(?=${bare}*\d)${bare}{8,})`, 'gi'),
    withoutValue,
  ],
  // Variables of a container, which have their names and values apart.
  [
    new RegExp(
      String.raw`(name(?:${quote})?:\s*(?:${quote})?${secretName}(?:${quote})?,?\s*` +
        String.raw`(?:${quote})?value(?:${quote})?:\s*)(${quoted}|${bare}+)`,
      'gi',
    ),
    withoutValue,
  ],
]

// A key cut off at its beginning: looked for only where such an end is left over, since it reads far back.
const ending = new RegExp(`${pemBody}${pemEnd}`, 'g')

// PKCS#8, PKCS#1 and SEC 1 alike: a sequence whose first element is the version 0 or 1. A certificate’s first element
// is a sequence.
const derKey = /^\x30(?:[\x00-\x7f]|\x81[^]|\x82[^]{2})\x02\x01[\x00\x01]/

/**
 * A text without its secrets: private keys, tokens, passwords, credentials in URLs, and base64 of such a thing. `known`
 * are further secret values, which no pattern finds.
 */
export const redacted = (text: string, known: readonly string[] = []): string => {
  const unnamed = known.reduce((rest, value) => rest.replaceAll(value, '[redacted]'), text)
  const shown = rules.reduce((rest, [secret, instead]) => rest.replace(secret, instead as string), unnamed)
  const whole = shown.includes('PRIVATE KEY-----') ? shown.replace(ending, privateKey) : shown
  return whole.replace(/[A-Za-z0-9+/_-]{24,}={0,2}/g, (encoded) =>
    hidesSecret(encoded, known) ? '[redacted encoded secret]' : encoded,
  )
}

const hidesSecret = (encoded: string, known: readonly string[]): boolean => {
  const decoded = Buffer.from(encoded, 'base64').toString('latin1')
  return derKey.test(decoded) || (/^[\t\r\n\x20-\x7e]+$/.test(decoded) && redacted(decoded, known) !== decoded)
}
