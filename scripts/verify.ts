// The project's own test: the fast half (`npm run check`), then the product for real. The last line counts what passed
// and what failed.
import { join } from 'node:path'
import { leave } from '#cli/leave.ts'
import { fastHalf, report, tests } from './steps.ts'

const fast = await fastHalf()
const real = await tests('end-to-end tests', {
  config: join(import.meta.dirname, 'e2e.config.ts'),
  reporters: ['verbose'],
})
await leave(report([...fast, real]))
