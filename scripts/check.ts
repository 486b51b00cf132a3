// The fast half of the project's own test: types, lint, direction of imports, format, generated documents, unit tests.
import { leave } from '#cli/leave.ts'
import { fastHalf, report } from './steps.ts'

await leave(report(await fastHalf()))
