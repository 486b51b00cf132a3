import { expect, test } from 'vitest'
import { readArguments } from './arguments.ts'

const read = (line: string): unknown => readArguments(line.split(' '), {})

test.each([
  ['images list', { command: 'images list', options: { output: 'text' } }],
  [
    'images list --images=release --output=json',
    { command: 'images list', options: { images: 'release', output: 'json' } },
  ],
  [
    'images list --istio=1.28 --kubernetes=1.33 --kind=v0.32.0',
    { command: 'images list', options: { istio: '1.28', kubernetes: '1.33', kind: 'v0.32.0', output: 'text' } },
  ],
  [
    'images mirror --to=mirror.example:5000/a/b',
    { command: 'images mirror', options: { to: 'mirror.example:5000/a/b', output: 'text' } },
  ],
  [
    'images verify --registry=mirror.example',
    { command: 'images verify', options: { registry: 'mirror.example', output: 'text' } },
  ],
  [
    'images save lab.tar --pins=pins.yaml',
    { command: 'images save', options: { file: 'lab.tar', pins: 'pins.yaml', output: 'text' } },
  ],
  ['images load lab.tar', { command: 'images load', options: { file: 'lab.tar' } }],
])('%s', (line, expected) => {
  expect(read(line)).toEqual(expected)
})

test.each([
  ['images mirror', '--to'],
  ['images mirror --to=https://mirror.example', '--to'],
  ['images verify --registry=mirror.example/', '--registry'],
  ['images list --kind=0.32', '--kind'],
  ['images save', 'file'],
])('MP-101: %s is refused, and %s is named', (line, named) => {
  expect(() => read(line)).toThrow(expect.objectContaining({ code: 'MP-101', message: expect.stringContaining(named) }))
})

test('the harness’s image can be for another platform, and only that image', () => {
  expect(read('images build --harness --platform=linux/arm64')).toEqual({
    command: 'images build',
    options: { harness: true, platform: 'linux/arm64' },
  })
  expect(() => read('images build --platform=linux/arm64')).toThrow(/--platform.*it is for --harness/)
  expect(() => read('images build --harness --platform=linux/s390x')).toThrow(/Unknown value for --platform/)
})
