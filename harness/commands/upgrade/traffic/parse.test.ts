import { describe, expect, it } from 'vitest'
import { parseRequests, parseStream } from './parse.ts'

const account = (...fields: (string | number)[]): string => `\n\u001e${fields.join('\t')}\n`

const hello = 'Hello version: v2, instance: probe-target-6b8679f46b-ps59m\n'

describe('requests', () => {
  it('start when they ended less what they took, and say who answered', () => {
    const [sample] = parseRequests(
      'prober-1',
      `${hello}${account('1795297722.658869', 'n=861', '0.045758', 200, 0, '-', 1, '')}`,
    )
    expect(sample).toEqual({
      id: 'prober-1/861',
      startedAt: expect.closeTo(1795297722613.111, 2) as number,
      milliseconds: expect.closeTo(45.758, 5) as number,
      status: 200,
      exit: 0,
      error: '',
      flags: '',
      attempts: 1,
      version: 'v2',
      instance: 'probe-target-6b8679f46b-ps59m',
    })
  })

  it('that a proxy answered itself have its flags, its words and its tries', () => {
    const [sample] = parseRequests(
      'p',
      `no healthy upstream${account('1795297721.451668', 'n=322', '0.001664', 503, 0, 'UH', 3, '')}`,
    )
    expect(sample).toMatchObject({
      status: 503,
      flags: 'UH',
      attempts: 3,
      error: 'no healthy upstream',
      version: '',
      instance: '',
    })
  })

  it('that nobody answered have curl’s words', () => {
    const [sample] = parseRequests(
      'p',
      account('1795297721.5', 'n=7', '5.001', 0, 28, '', '', 'Operation timed out after 5001 milliseconds'),
    )
    expect(sample).toMatchObject({
      id: 'p/7',
      status: 0,
      exit: 28,
      flags: '',
      attempts: 1,
      error: 'Operation timed out after 5001 milliseconds',
    })
  })

  it('that were cut off are left out, wherever the cut is', () => {
    const two = [
      hello,
      account('1795297722.1', 'n=1', '0.01', 200, 0, '-', 1, ''),
      hello,
      account('1795297722.2', 'n=2', '0.01', 200, 0, '-', 1, ''),
    ].join('')
    const first = two.indexOf('n=1\t') + 25
    for (let end = first; end < two.length; end += 1)
      expect(parseRequests('p', two.slice(0, end)).map(({ id }) => id)).toEqual(['p/1'])
    expect(parseRequests('p', two).map(({ id }) => id)).toEqual(['p/1', 'p/2'])
  })

  it('of a curl that cannot tell the time are refused', () => {
    expect(() => parseRequests('p', account('', 'n=1', '0.01', 200, 0, '-', 1, ''))).toThrow(
      expect.objectContaining({ code: 'MP-611' }),
    )
  })
})

describe('long answers', () => {
  const midnight = Date.parse('2026-11-21T00:00:00Z')
  const trace = (...events: [string, ...string[]][]): string =>
    events.map(([time, ...dumped]) => `${time} <= Recv data, 25 bytes (0x19)\n${dumped.join('\n')}\n`).join('')
  const begins = [
    '00:00:01.000000',
    '0000: 38',
    '0004: Hello version: v1, instance: probe-target-5d8bff9fcc-vf25x.',
  ] as [string, ...string[]]

  it('are a sample a line, from when it was sent until it came', () => {
    const samples = parseStream('p', trace(begins, ['00:00:01.092500', '0000: 12', `0004: 1 ${midnight + 1090}.`]))
    expect(samples).toEqual([
      {
        id: 'p/1',
        startedAt: midnight + 1090,
        milliseconds: expect.closeTo(2.5, 3) as number,
        status: 200,
        exit: 0,
        error: '',
        flags: '',
        attempts: 1,
        version: 'v1',
        instance: 'probe-target-5d8bff9fcc-vf25x',
      },
    ])
  })

  it('may come together after a pause, and the dump breaks them anywhere', () => {
    const together = [1, 2, 3, 4, 5].map((n) => `${n} ${midnight + 1000 + n * 90}.`).join('')
    const samples = parseStream(
      'p',
      trace(begins, ['00:00:02.000000', '0000: 50', `0004: ${together.slice(0, 64)}`, `0044: ${together.slice(64)}`]),
    )
    expect(samples.map(({ milliseconds }) => Math.round(milliseconds))).toEqual([910, 820, 730, 640, 550])
  })

  it('may pass midnight on their way', () => {
    const [sample] = parseStream('p', trace(['00:00:00.004000', '0000: 12', `0004: 9 ${midnight - 1}.`]))
    expect(sample?.milliseconds).toBeCloseTo(5, 3)
  })

  it('end with words, and go on under the next numbers', () => {
    const line = (n: number): string => trace(begins, ['00:00:01.100000', '0000: 12', `0004: ${n} ${midnight + 1099}.`])
    const samples = parseStream(
      'p',
      [
        line(1),
        account(midnight / 1000 + 1.2, '', '0.2', 200, 18, '-', 1, 'transfer closed'),
        line(1),
        account(midnight / 1000 + 1.3, '', '0.2', 200, 0, '-', 1, ''),
      ].join(''),
    )
    expect(samples.map(({ id, exit, error }) => [id, exit, error])).toEqual([
      ['p/1', 0, ''],
      ['p/2', 18, 'transfer closed'],
      ['p/3', 0, ''],
      ['p/4', 0, 'the answer ended (200)'],
    ])
    expect(samples[1]).toMatchObject({
      startedAt: midnight + 1200,
      milliseconds: 0,
      instance: 'probe-target-5d8bff9fcc-vf25x',
    })
  })

  it('that are refused take the time that they took', () => {
    const samples = parseStream('p', account(midnight / 1000 + 5, '', '5', 0, 28, '', '', 'Connection timed out'))
    expect(samples).toEqual([
      expect.objectContaining({
        startedAt: midnight,
        milliseconds: 5000,
        status: 0,
        exit: 28,
        error: 'Connection timed out',
      }),
    ])
  })
})
