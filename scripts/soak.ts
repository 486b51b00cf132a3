// Shows how steady the product is: it tests every topology again and again, each time in a lab of its own, and looks
// after each lab what is left in the engine. A lab is healthy, so that every failed check is a wrong verdict.
// `npm run soak -- --rounds=3 --topology=gateway,vpn --minutes=120` bounds it; no lab begins after that time. Ctrl-C
// ends it with the table so far, and `--resume` goes on there. Exit code: 0 when every lab is there and passed with
// nothing left, 1 for a wrong verdict or a leftover, 2 when a lab did not run, 130 when it was stopped.
import { parseArgs } from 'node:util'
import { leave } from '#cli/leave.ts'
import { makePlans } from '#run/plan.ts'
import { ensureEngine } from '#run/ensure-engine.ts'
import { exitCodeOf, linesOf, type Soaked, soakRun, variantOf } from './soak/record.ts'
import { soakLab } from './soak/soak-lab.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    topology: { type: 'string', default: 'all' },
    minutes: { type: 'string', default: '240' },
    resume: { type: 'boolean', default: false },
  },
})

const numberIn = (name: 'rounds' | 'minutes'): number => {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} is a whole number, at least 1`)
  return number
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    stop.abort(new Error('stopped'))
  })

const rounds = numberIn('rounds')
const minutes = numberIn('minutes')
await ensureEngine(console.log, stop.signal)
const end = Date.now() + minutes * 60_000
const plans = await makePlans(values.topology.split(','), [], [])
const wanted = Array.from({ length: rounds }, (_, index) =>
  plans.map(({ topology: { name, mtls } }) => ({ round: index + 1, topology: name, mtls })),
).flat()
if (!values.resume) soakRun.forget()
const nameOf = (lab: Pick<Soaked, 'round' | 'topology' | 'mtls'>): string => `${variantOf(lab)} ${lab.round}`
const done = new Set(soakRun.read().map(nameOf))

for (const lab of wanted.filter((planned) => !done.has(nameOf(planned)))) {
  if (stop.signal.aborted) break
  if (Date.now() > end) {
    console.log('the time is over: no further lab begins')
    break
  }
  const soaked = await soakLab(lab, stop.signal)
  if (!soaked) break
  soakRun.add(soaked)
  const { verdict, seconds, leftovers } = soaked
  const left = leftovers.length === 0 ? '' : `, left behind: ${leftovers.join(', ')}`
  console.log(`round ${lab.round} of ${rounds}: ${variantOf(lab)}  ${verdict} after ${seconds.toFixed(0)} s${left}`)
}

const names = new Set(wanted.map(nameOf))
const entries = soakRun.read().filter((entry) => names.has(nameOf(entry)))
for (const line of linesOf(entries, wanted.length)) console.log(line)
await leave(stop.signal.aborted ? 130 : exitCodeOf(entries, wanted.length))
