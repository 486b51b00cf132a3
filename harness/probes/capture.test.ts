import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { until } from '#kube/until.ts'
import { errorOf, fakeProgram, scratchFolder } from '#testing/edge.ts'
import { pcapOf } from '#testing/pcap.ts'
import { captureThrough, type Run } from './capture.ts'
import { flowsOf } from './flows.ts'

describe('capturing', () => {
  const run: Run = async (command, within) => {
    const [program = '', ...rest] = command
    const { stdout, stderr, exitCode = 1 } = await execa(program, rest, { reject: false, timeout: within })
    return { stdout, stderr, exitCode }
  }

  /**
   * A tcpdump that does as the script says. It leaves its arguments, its process and the capture's folder where the
   * test finds them.
   */
  const tcpdump = async (
    then: string,
    pcap = pcapOf([{ sequence: 1, payload: 'Hello version: v1' }]),
  ): Promise<string> => {
    const folder = await scratchFolder()
    await writeFile(join(folder, 'prepared'), pcap)
    await fakeProgram(
      'tcpdump',
      `
      echo "$@" > ${folder}/arguments
      echo $$ > ${folder}/pid
      while [ "$1" != -w ]; do shift; done
      dirname "$2" > ${folder}/folder
      listen() { cp ${folder}/prepared "$1"; echo 'tcpdump: listening on eth0, link-type EN10MB' >&2; }
      ${then}`,
    )
    return folder
  }
  const untilTold = (dropped = 0): string => `
    trap 'echo "${dropped} packets dropped by kernel" >&2; exit 0' TERM
    listen "$2"
    while :; do sleep 0.02; done`
  const read = async (folder: string, file: string): Promise<string> =>
    (await execa('cat', [join(folder, file)])).stdout
  /** The process and the folder of a capture, as far as they are still there. */
  const leftOvers = async (folder: string): Promise<unknown[]> => {
    const alive = await execa('kill', ['-0', await read(folder, 'pid')], { reject: false })
    const place = await readdir(await read(folder, 'folder')).catch(() => 'gone')
    return [alive.exitCode === 0 ? 'alive' : 'over', place]
  }

  test('starts what it watches once tcpdump listens, and gives its result and the file', async () => {
    const folder = await tcpdump(untilTold())
    const { result, pcap } = await captureThrough(run, 'legacy/capture', 'tcp port 15443', async () =>
      (await readdir(await read(folder, 'folder'))).sort(),
    )
    expect(result).toEqual(['pcap', 'pid', 'said'])
    expect(flowsOf(pcap)).toMatchObject([{ bytes: Buffer.from('Hello version: v1') }])
    expect(await read(folder, 'arguments')).toMatch(/^-Z root -i eth0 .* -c 5000 -w \S+ tcp port 15443$/)
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })

  test('that what it watches breaks leaves nothing behind and tells that error', async () => {
    const folder = await tcpdump(untilTold())
    const broken = new Error('the client broke')
    expect(await errorOf(captureThrough(run, 'legacy/capture', 'tcp', () => Promise.reject(broken)))).toBe(broken)
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })

  test('fails with tcpdump’s own words when it does not start', async () => {
    await tcpdump('printf "tcpdump: eth9: No such device exists\\n(No such device exists)\\n" >&2; exit 1')
    const error = await errorOf(captureThrough(run, 'legacy/capture', 'tcp', () => Promise.resolve(), { on: 'eth9' }))
    expect(error).toMatchObject({
      code: 'MP-601',
      message: 'tcpdump gave no capture (legacy/capture, eth9, tcp): tcpdump: eth9: No such device exists',
    })
  })

  test.each([
    ['its time is up', untilTold(), { seconds: 0.3 }, '0.3 s were not enough for what it was to watch'],
    ['it has its packets', 'listen "$2"; exit 0', { packets: 1 }, '1 packets were not enough for what it was to watch'],
    [
      'it breaks',
      'listen "$2"; sleep 0.3; echo "tcpdump: pcap_loop: The interface disappeared" >&2; exit 1',
      {},
      'tcpdump: pcap_loop: The interface disappeared',
    ],
  ])('is not whole when %s first', async (_what, script, options, why) => {
    const folder = await tcpdump(script)
    const watched = (): Promise<boolean> =>
      until('tcpdump is over', async () => (await leftOvers(folder)).includes('gone'), { every: 20, within: 5000 })
    const error = await errorOf(captureThrough(run, 'legacy/capture', 'tcp', watched, options))
    expect(error).toMatchObject({ code: 'MP-601', message: expect.stringMatching(`: ${why}$`) })
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })

  test('is not whole when the kernel dropped packets', async () => {
    const folder = await tcpdump(untilTold(12))
    const error = await errorOf(captureThrough(run, 'legacy/capture', 'tcp', () => Promise.resolve()))
    expect(error).toMatchObject({ code: 'MP-601', message: expect.stringMatching(/: the kernel dropped 12 packets$/) })
    expect(await leftOvers(folder)).toEqual(['over', 'gone'])
  })
})
