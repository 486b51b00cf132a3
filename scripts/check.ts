// The checks of this repository that need no cluster: types, lint, direction of imports, format, generated documents
// and unit tests. The last line says how many passed and how many failed.
import { leave } from '#cli/leave.ts'
import { printTotal, runFastChecks } from './steps.ts'

await leave(printTotal(await runFastChecks()))
