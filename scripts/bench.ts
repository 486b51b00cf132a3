// Times whole runs from the command line, and sets what a lab costs beside what kind needs for the same two bare clusters in the
// same run: a ratio that means something on a noisy machine. `npm run bench -- 5` makes five runs (default: three).
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { Results, type Phase } from '../harness/report/results.ts'

const root = resolve(import.meta.dirname, '..')
const rounds = Number(process.argv[2] ?? 3)
const targets = { 'command to verdict': 70, 'lab ready': 45, checks: 20, teardown: 5 }

const span = (phases: Phase[]): number => {
  const begin = Math.min(...phases.map(({ startedAt }) => Date.parse(startedAt)))
  return (Math.max(...phases.map(({ startedAt, seconds }) => Date.parse(startedAt) + seconds * 1000)) - begin) / 1000
}

const once = async (): Promise<Record<string, number>> => {
  const folder = await mkdtemp(join(tmpdir(), 'meshproof-bench-'))
  try {
    const since = performance.now()
    const { exitCode, stdout } = await execa('node', [join(root, 'scripts/meshproof.mjs'), '--topology=gateway', `--report-dir=${folder}`], { cwd: root, reject: false })
    if (exitCode !== 0) throw new Error(`a run that is not green is not timed: exit ${exitCode ?? 'unknown'}\n${stdout}`)
    const whole = (performance.now() - since) / 1000
    const phases = Results.parse(JSON.parse(await readFile(join(folder, 'results.json'), 'utf8'))).topologies[0]?.phases ?? []
    const named = (name: string): number => span(phases.filter((phase) => phase.name === name))
    const lab = phases.filter(({ name }) => !['images', 'checks', 'teardown'].includes(name))
    const bare = span(lab.filter(({ name }) => name === 'network and node image' || name.endsWith(': created')))
    const teardown = named('teardown')
    return { 'command to verdict': whole - teardown, 'command to end': whole, 'lab ready': span(lab), checks: named('checks'), teardown, 'bare clusters': bare, 'lab ready / bare clusters': span(lab) / bare }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const runs: Record<string, number>[] = []
for (let round = 1; round <= rounds; round += 1) {
  runs.push(await once())
  console.log(`run ${round}: ${Object.entries(runs.at(-1) ?? {}).map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ')}`)
}
console.log('\nfigure                      min  median     max  target')
for (const name of Object.keys(runs[0] ?? {})) {
  const values = runs.map((run) => run[name] ?? 0).toSorted((a, b) => a - b)
  const target = name in targets ? String(targets[name as keyof typeof targets]) : ''
  console.log(`${name.padEnd(24)} ${[values[0], values[Math.floor(values.length / 2)], values.at(-1)].map((value) => (value ?? 0).toFixed(1).padStart(7)).join(' ')} ${target.padStart(7)}`)
}
