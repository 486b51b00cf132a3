import { expect, test } from 'vitest'
import { faults } from '../../fixtures/faults/index.ts'
import { causes } from '#results/causes.ts'
import { findings, meshLayers, type FindingCode } from './findings.ts'

const codes = Object.keys(findings) as FindingCode[]
const bands = {
  81: 'api',
  82: 'ranges',
  83: 'networks',
  84: 'trust',
  85: 'control',
  86: 'secrets',
  87: 'sync',
  88: 'gateways',
  89: 'endpoints',
  91: 'services',
  92: 'requests',
}

test('the band of every code is its layer, and the bands go up as the layers do', () => {
  expect(
    codes.filter(
      (code) =>
        !Object.entries(bands).some(([band, layer]) => code.startsWith(`MP-${band}`) && findings[code].layer === layer),
    ),
  ).toEqual([])
  expect(Object.values(bands)).toEqual(Object.keys(meshLayers))
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
