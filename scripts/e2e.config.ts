import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** What all end-to-end tests have in common. A file that is alone has the machine, often two cores, to itself. */
export const endToEnd = {
  globalSetup: ['harness/testing/e2e/setup.ts'],
  testTimeout: 10 * 60_000,
  hookTimeout: 5 * 60_000,
}

// Two of these files run at a time, in this order. The first mostly waits. Those that take turns at the engine
// (harness/testing/e2e/labs.ts) stand between those that need no lab: whoever waits for the turn then waits for one
// file, while the other worker goes on with a file that needs none.
const beside = [
  'existing',
  'interrupt',
  'bad-machine',
  'prove',
  'moved-control-plane',
  'istio-namespace',
  'bad-input',
  'release',
  'report',
  'pages',
  'faults',
  'package',
  'chart',
  'inside',
  'matrix',
  'upgrade-report',
]

// These have two labs at a time, or measure what is lost under load.
const alone = ['topologies', 'upgrade']

const order = [...beside, ...alone]
const files = readdirSync(join(import.meta.dirname, '../harness/testing/e2e')).filter((name) =>
  name.endsWith('.e2e.ts'),
)
const unlisted = files.filter((name) => !order.includes(basename(name, '.e2e.ts')))
if (unlisted.length > 0) throw new Error(`scripts/e2e.config.ts does not say when these run: ${unlisted.join(', ')}`)

const positionOf = ({ moduleId }: TestSpecification): number => order.indexOf(basename(moduleId, '.e2e.ts'))

class InThisOrder extends BaseSequencer {
  override sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve([...specifications].sort((a, b) => positionOf(a) - positionOf(b)))
  }
}

const project = (name: string, names: string[], groupOrder: number, maxWorkers: number) => ({
  test: {
    ...endToEnd,
    globalSetup: [],
    name,
    include: names.map((file) => `harness/testing/e2e/${file}.e2e.ts`),
    maxWorkers,
    sequence: { groupOrder },
  },
})

export default defineConfig({
  test: {
    globalSetup: endToEnd.globalSetup,
    sequence: { sequencer: InThisOrder },
    projects: [project('two at a time', beside, 1, 2), project('alone', alone, 2, 1)],
  },
})
