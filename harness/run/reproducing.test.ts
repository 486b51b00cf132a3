import { expect, test } from 'vitest'
import { JudgeOptions } from '#commands/judge/options.ts'
import { RunOptions } from './options.ts'
import { reproducing } from './reproducing.ts'

const commandOf = (options: Record<string, unknown>): string => reproducing('test', RunOptions.parse(options))

test('what is at its default is not said', () => {
  expect(commandOf({})).toBe('npx meshproof test')
})

test('every flag that decides the run is there, fit for a shell', () => {
  expect(
    commandOf({ topology: 'gateway,vpn', suite: 'reach.*,!reach.path', istio: '1.31', failFast: true, repeat: '3' }),
  ).toBe("npx meshproof test --topology=gateway,vpn '--suite=reach.*,!reach.path' --istio=1.31 --fail-fast --repeat=3")
})

test('a judge is run again as a judge', () => {
  const options = JudgeOptions.parse({ topology: 'gateway', timeout: '60', echoImage: 'mirror.example/echo:1' })
  expect(reproducing('judge', options, JudgeOptions.parse({}))).toBe(
    'npx meshproof judge --topology=gateway --timeout=60',
  )
})

test('nothing of this place is in it', () => {
  const command = commandOf({
    topology: '/home/somebody/mine.yaml',
    registry: 'mirror.example/images',
    reportDir: '/tmp/a',
    attest: '/secret/key.pem',
    verbose: true,
    artifacts: '/tmp/b',
    kubeconfig: '/home/somebody/.kube/config',
    contexts: 'arn:aws:east,arn:aws:west',
    pins: '../pins.yaml',
  })
  expect(command).toBe('npx meshproof test --topology=mine.yaml --contexts=A,B --pins=pins.yaml')
})
