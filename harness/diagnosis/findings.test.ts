import { expect, test } from 'vitest'
import { faults } from '../../fixtures/faults/index.ts'
import { causes } from '#results/causes.ts'
import { findings, type FindingCode } from './findings.ts'
import { meshLayers, type MeshLayer } from '#results/mesh-layers.ts'

const codes = Object.keys(findings) as FindingCode[]
const bands: Record<string, MeshLayer> = {
  68: 'route',
  69: 'secrets',
  80: 'endpoints',
  81: 'api',
  82: 'ranges',
  83: 'networks',
  84: 'trust',
  85: 'control',
  86: 'secrets',
  87: 'sync',
  88: 'gateways',
  89: 'endpoints',
  90: 'transport',
  91: 'services',
  92: 'requests',
  96: 'workloads',
  97: 'dns',
  98: 'interception',
  99: 'route',
}

/** What full bands have no room for. */
const elsewhere: Partial<Record<FindingCode, MeshLayer>> = {
  'MP-682': 'server',
  'MP-808': 'control',
  'MP-834': 'services',
  'MP-835': 'server',
  'MP-836': 'services',
  'MP-837': 'workloads',
  'MP-838': 'workloads',
  'MP-839': 'workloads',
  'MP-847': 'control',
  'MP-848': 'control',
  'MP-849': 'control',
  'MP-890': 'gateways',
  'MP-924': 'route',
  'MP-925': 'transport',
  'MP-926': 'server',
  'MP-927': 'server',
}

/** Most of band 90 is the server’s, and band 68 is for what bands 99 and 90 have no room for. */
const bandOf = (code: FindingCode): MeshLayer | undefined => {
  const other = elsewhere[code]
  if (other) return other
  return /^MP-90[4-9]$/.test(code) ? 'server' : bands[code.slice(3, 5)]
}

test('the band of every code is its layer', () => {
  expect(codes.filter((code) => bandOf(code) !== findings[code].layer)).toEqual([])
  expect(new Set([...Object.values(bands), 'server'])).toEqual(new Set(Object.keys(meshLayers)))
  expect(codes.filter((code) => code in causes)).toEqual([])
})

/**
 * Shown by unit tests alone: a lab has one version of everything, a control plane, and no way to lose only what nothing
 * explains.
 */
const notInALab: FindingCode[] = ['MP-811', 'MP-852', 'MP-892', 'MP-908', 'MP-966', 'MP-969']

test('every code is named for a fault in a lab', () => {
  expect(codes.filter((code) => !faults.some(({ diagnosed }) => diagnosed === code)).toSorted()).toEqual(notInALab)
})
