import { expect, test } from 'vitest'
import { faults } from '../../fixtures/faults/index.ts'
import { codesPage } from '../../scripts/docs/codes-page.ts'
import { causes } from '#results/causes.ts'
import { findings, meshLayers, pageOf, type FindingCode, type MeshLayer } from './findings.ts'

const codes = Object.keys(findings) as FindingCode[]
const bands: Record<string, MeshLayer> = {
  69: 'secrets',
  80: 'transport',
  81: 'api',
  82: 'ranges',
  83: 'networks',
  84: 'trust',
  85: 'control',
  86: 'secrets',
  87: 'sync',
  88: 'gateways',
  89: 'endpoints',
  90: 'server',
  91: 'services',
  92: 'requests',
  96: 'workloads',
  97: 'dns',
  98: 'interception',
  99: 'route',
}

test('the band of every code is its layer', () => {
  expect(codes.filter((code) => bands[code.slice(3, 5)] !== pageOf(code).layer)).toEqual([])
  expect(new Set(Object.values(bands))).toEqual(new Set(Object.keys(meshLayers)))
  expect(codes.filter((code) => code in causes)).toEqual([])
})

/**
 * Shown by unit tests alone: a lab has one version of everything, a control plane, and no way to lose only what nothing
 * explains.
 */
const notInALab: FindingCode[] = ['MP-811', 'MP-852', 'MP-892']

test('every code is named for a fault in a lab', () => {
  expect(codes.filter((code) => !faults.some(({ diagnosed }) => diagnosed === code))).toEqual(notInALab)
})

test('every code has a section of its own', () => {
  const page = codesPage(() => [])
  expect(codes.filter((code) => page.split(`\n## ${code}\n`).length !== 2)).toEqual([])
})
