// Everything that a change must pass: the checks of `npm run check`, then end-to-end tests on real clusters. The last
// line says how many passed and how many failed.
import { join } from 'node:path'
import { leave } from '#cli/leave.ts'
import { printTotal, runFastChecks, runTests } from './steps.ts'

const fast = await runFastChecks()
const endToEnd = await runTests('end-to-end tests', {
  config: join(import.meta.dirname, 'e2e.config.ts'),
  reporters: ['verbose'],
})
await leave(printTotal([...fast, endToEnd]))
