import { expect, it } from 'vitest'
import { parseUsage, shareOf } from './overhead.ts'

const id = (letter: string): string => letter.repeat(64)

it('reads both generations of control groups', () => {
  const first = '/sys/fs/cgroup/cpuacct/kubelet/kubepods/burstable/podf5912cd6-6f7c-4a05-b325-4b929d9fd795'
  const second = '/sys/fs/cgroup/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1.slice'
  const printed = [
    `${first}/${id('a')}/cpuacct.usage:2500000000`,
    `${first}/cpuacct.usage:9900000000`,
    `${second}/cri-containerd-${id('b')}.scope/cpu.stat:usage_usec 1250000`,
  ].join('\n')
  expect(parseUsage(printed)).toEqual(
    new Map([
      [id('a'), 2.5],
      [id('b'), 1.25],
    ]),
  )
})

it('counts what a container took since the first reading, or in its own life', () => {
  const before = { at: 100_000, usage: [{ container: 'a', of: 'probes' as const, cpuSeconds: 4, startedAt: 0 }] }
  const after = {
    at: 110_000,
    usage: [
      { container: 'a', of: 'probes' as const, cpuSeconds: 4.5, startedAt: 0 },
      { container: 'b', of: 'probes' as const, cpuSeconds: 0.1, startedAt: 105_000 },
      { container: 'c', of: 'proxies' as const, cpuSeconds: 2, startedAt: 106_000 },
    ],
  }
  const { probes, proxies } = shareOf(before, after)
  expect(probes).toBeCloseTo(0.05 + 0.02)
  expect(proxies).toBeCloseTo(0.5)
})
