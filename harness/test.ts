/** What a suite is written with: the checks themselves need to know neither the harness nor its clients. */
export { check, only, onTwoNetworks, withOneControlPlane } from './checks/catalogue.ts'
export type { CheckContext } from './checks/catalogue.ts'
export type { Mesh } from './checks/mesh.ts'
export type { Site } from './checks/site.ts'
export { because } from './diagnose/causes.ts'
export { allRefused, allSeen, answersOf } from './probes/sample.ts'
export { expect } from 'vitest'
