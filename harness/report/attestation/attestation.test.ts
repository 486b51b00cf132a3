import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { perform } from '#cli/dispatch.ts'
import { writeReports } from '#report/report-folder.ts'
import type { Results } from '#results/results.ts'
import { publishingOf } from '#run/publishing.ts'
import { errorOf, scratchFolder } from '#testing/edge.ts'
import { failingRun, runOf } from '#testing/report-results.ts'
import { checkResult, resultsOf, topologyResult } from '#testing/results.ts'
import { readSignatureCheck, readSigner } from './keys.ts'
import { attestationFile, type Statement } from './statement.ts'
import { verifyAttestation } from './verify-attestation.ts'

type Pair = { privateKey: KeyObject; publicKey: KeyObject }
const pairs: Record<string, () => Pair> = {
  ed25519: () => generateKeyPairSync('ed25519'),
  'ECDSA P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
}
const newPair = (): Pair => generateKeyPairSync('ed25519')

/** Writes keys to files, and returns their paths. */
const filesOf = async ({ privateKey, publicKey }: Pair): Promise<{ key: string; pub: string }> => {
  const folder = await scratchFolder()
  const [key, pub] = [join(folder, 'key.pem'), join(folder, 'public.pem')]
  await writeFile(key, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  await writeFile(pub, publicKey.export({ type: 'spki', format: 'pem' }))
  return { key, pub }
}

/** The reports of a run, signed as a run signs them, and the files of the keys. */
const signed = async (results: Results, pair = newPair()): Promise<{ folder: string; key: string; pub: string }> => {
  const files = await filesOf(pair)
  const folder = await scratchFolder()
  const publishing = await publishingOf({ attest: files.key })
  await publishing.begin(results)
  await writeReports(results, folder)
  await publishing.end(results, folder)
  return { folder, ...files }
}

const statementIn = async ({ folder, pub }: { folder: string; pub: string }): Promise<Statement> =>
  verifyAttestation(folder, await readSignatureCheck(pub))

type Bundle = {
  mediaType: string
  dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string; keyid: string }[] }
  verificationMaterial: { publicKey: { hint: string } }
}
const bundleIn = async (folder: string): Promise<Bundle> =>
  JSON.parse(await readFile(join(folder, attestationFile), 'utf8')) as Bundle

describe.each(Object.entries(pairs))('a report that is signed with %s', (_, makePair) => {
  test('is a statement about its files and its verdict', async () => {
    const results = await runOf(['gateway'])
    results.run.reproduce = 'npx meshproof test --topology=gateway'
    const report = await signed(results, makePair())
    const { subject, predicate } = await statementIn(report)
    expect(subject.map(({ name }) => name)).toEqual(['conformance.yaml', 'results.json'])
    const content = await readFile(join(report.folder, 'results.json'))
    expect(subject[1]?.digest.sha256).toBe(createHash('sha256').update(content).digest('hex'))
    expect(predicate).toMatchObject({ result: 'PASSED', failedTests: [], warnedTests: [], notRunTests: [] })
    expect(predicate.passedTests).toContain('gateway.strict.reach.both-versions')
    expect(predicate.configuration).toEqual([
      { name: 'command', content: Buffer.from('npx meshproof test --topology=gateway').toString('base64') },
      ...results.environment.images.map(({ name, digest }) => ({ name, digest: { sha256: digest.slice(7) } })),
    ])
  })

  test('is a Sigstore bundle with a DSSE envelope', async () => {
    const { folder, pub } = await signed(await runOf(['gateway']), makePair())
    const { mediaType, dsseEnvelope, verificationMaterial } = await bundleIn(folder)
    expect(mediaType).toBe('application/vnd.dev.sigstore.bundle.v0.3+json')
    expect(dsseEnvelope.payloadType).toBe('application/vnd.in-toto+json')
    expect(verificationMaterial.publicKey.hint).toBe((await readSignatureCheck(pub)).hint)
    expect(await readFile(join(folder, attestationFile), 'utf8')).not.toContain('PRIVATE')
  })
})

describe('the verdict of a signed report', () => {
  const withCheck = (verdict: 'pass' | 'flaky' | 'fail' | 'not-run', exitCode: number): Results => {
    const results = resultsOf(topologyResult([checkResult({ verdict })]))
    return { ...results, run: { ...results.run, exitCode } }
  }

  test.each([
    ['pass', 0, 'PASSED', 0],
    ['flaky', 0, 'WARNED', 0],
    ['fail', 1, 'FAILED', 1],
    ['not-run', 2, 'FAILED', 1],
    // A run of which only the clean-up was stopped.
    ['pass', 130, 'FAILED', 1],
  ] as const)('of %s with exit code %i is %s, and verify-report ends with %i', async (verdict, exit, result, code) => {
    const report = await signed(withCheck(verdict, exit))
    expect((await statementIn(report)).predicate.result).toBe(result)
    const options = { folder: report.folder, key: report.pub }
    const printed = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => {
      printed.mockRestore()
    })
    expect(await perform({ command: 'verify-report', options }, [])).toBe(code)
    expect(printed.mock.calls.flat().join('')).toContain(`verdict: ${result}`)
  })

  test('names what failed and what did not run, each in its own list', async () => {
    const checks = [checkResult({ verdict: 'fail' }), checkResult({ id: 'reach.other', verdict: 'not-run' })]
    const results = resultsOf(topologyResult(checks))
    const { predicate } = await statementIn(await signed({ ...results, run: { ...results.run, exitCode: 1 } }))
    expect(predicate).toMatchObject({
      passedTests: [],
      failedTests: ['gateway.strict.reach.local'],
      notRunTests: ['gateway.strict.reach.other'],
    })
  })
})

describe('a report does not hold', () => {
  test.each(['conformance.yaml', 'results.json'])('where %s was changed, or is gone', async (name) => {
    const report = await signed(await failingRun())
    const path = join(report.folder, name)
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('fail', 'pass'))
    const error = { code: 'MP-196', exitCode: 1, message: expect.stringContaining(`${name} was changed`) }
    expect(await errorOf(statementIn(report))).toMatchObject(error)
    await rm(path)
    expect(await errorOf(statementIn(report))).toMatchObject({
      code: 'MP-196',
      message: expect.stringContaining(`${name} cannot be read`),
    })
  })

  test('where its statement was changed, or the signature', async () => {
    const report = await signed(await failingRun())
    const path = join(report.folder, attestationFile)
    const bundle = await bundleIn(report.folder)
    const payload = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString().replace('"FAILED"', '"PASSED"')
    const changed = { ...bundle.dsseEnvelope, payload: Buffer.from(payload).toString('base64') }
    await writeFile(path, JSON.stringify({ ...bundle, dsseEnvelope: changed }))
    expect(await errorOf(statementIn(report))).toMatchObject({ code: 'MP-195', exitCode: 1 })
    const forged = { ...bundle.dsseEnvelope, signatures: [{ sig: Buffer.alloc(64, 7).toString('base64'), keyid: '' }] }
    await writeFile(path, JSON.stringify({ ...bundle, dsseEnvelope: forged }))
    expect(await errorOf(statementIn(report))).toMatchObject({ code: 'MP-195', exitCode: 1 })
  })

  test.each(Object.entries(pairs))('where another key of %s signed it', async (_, makePair) => {
    const report = await signed(await runOf(['gateway']))
    const { pub } = await filesOf(makePair())
    expect(await errorOf(statementIn({ folder: report.folder, pub }))).toMatchObject({ code: 'MP-195', exitCode: 1 })
  })

  test('where its signature is that of another run', async () => {
    const pair = newPair()
    const [red, green] = [await signed(await failingRun(), pair), await signed(await runOf(['gateway']), pair)]
    await writeFile(join(red.folder, attestationFile), await readFile(join(green.folder, attestationFile)))
    expect(await errorOf(statementIn(red))).toMatchObject({ code: 'MP-196', exitCode: 1 })
  })
})

describe('a report cannot be checked', () => {
  test('without its signature, or without a folder', async () => {
    const report = await signed(await runOf(['gateway']))
    await rm(join(report.folder, attestationFile))
    expect(await errorOf(statementIn(report))).toMatchObject({ code: 'MP-194', exitCode: 2 })
    expect(await errorOf(statementIn({ ...report, folder: join(report.folder, 'none') }))).toMatchObject({
      code: 'MP-111',
    })
  })

  test.each(['no JSON', '{}', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'])(
    'where the signature is %s',
    async (text) => {
      const report = await signed(await runOf(['gateway']))
      await writeFile(join(report.folder, attestationFile), text)
      expect(await errorOf(statementIn(report))).toMatchObject({ code: 'MP-194', exitCode: 2 })
    },
  )

  test('with a file that is no public key, without printing it', async () => {
    const { folder, key, pub } = await signed(await runOf(['gateway']))
    const refusal = { code: 'MP-193', exitCode: 2 }
    expect(await errorOf(statementIn({ folder, pub: key }))).toMatchObject({
      ...refusal,
      message: expect.stringContaining('private key'),
    })
    expect(await errorOf(statementIn({ folder, pub: `${pub}.none` }))).toMatchObject(refusal)
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' })
    await writeFile(pub, rsa)
    expect(await errorOf(statementIn({ folder, pub }))).toMatchObject({
      ...refusal,
      message: expect.stringContaining('rsa'),
    })
  })
})

describe('a run is not started with', () => {
  const pem = newPair().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const withPassword = newPair().privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const publicKey = newPair().publicKey.export({ type: 'spki', format: 'pem' })
  const refusal = { code: 'MP-192', exitCode: 2 }

  test.each([
    ['a key with a password', withPassword, 'has a password'],
    ['a key of another curve', p384, 'secp384r1'],
    ['a public key', publicKey, 'no private key'],
    ['a part of a key', pem.slice(0, 60), 'no private key'],
    ['something else', 'key', 'no private key'],
  ])('%s', async (_, content, why) => {
    const file = join(await scratchFolder(), 'key.pem')
    await writeFile(file, content)
    const error = await errorOf(readSigner(file))
    expect(error).toMatchObject({ ...refusal, message: expect.stringContaining(why) })
  })

  test('a file that is not there, or cannot be read', async () => {
    const folder = await scratchFolder()
    expect(await errorOf(publishingOf({ attest: join(folder, 'none.pem') }))).toMatchObject({
      ...refusal,
      message: expect.stringContaining('ENOENT'),
    })
    expect(await errorOf(publishingOf({ attest: folder }))).toMatchObject(refusal)
  })

  test('the key itself in place of a file, which is not printed', async () => {
    const body = pem.split('\n')[1]!
    for (const given of [pem, pem.replaceAll('\n', ' ')]) {
      const error = await errorOf(readSigner(given))
      expect(error).toMatchObject(refusal)
      expect(String(error)).not.toContain(body)
    }
  })
})
