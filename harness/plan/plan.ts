import { MeshproofError } from '../errors.ts'
import { unknownValue } from '../unknown-value.ts'
import type { Check } from '../checks/catalogue.ts'
import { planChecks, type PlannedCheck } from '../checks/plan-checks.ts'
import { gateway } from '../mesh/topologies/gateway.ts'
import type { Topology } from '../mesh/topology.ts'
import type { CheckResult } from '../report/results.ts'
import { loadTopologyFile, topologyNames, type TopologyFile } from './topology-file.ts'

const procedures: Record<string, Topology> = { gateway }

/** What one topology of a run will do: pure data and the names of its steps; what `--plan` prints. */
export type TopologyPlan = { topology: TopologyFile; procedure: Topology; planned: PlannedCheck[]; skipped: CheckResult[] }

/**
 * Turns names and patterns into plans.
 * @throws MeshproofError MP-101 for a topology or check that does not exist, with the nearest that does.
 */
export const makePlans = async (names: string[], patterns: string[], checks: readonly Check[]): Promise<TopologyPlan[]> => {
  const known = await topologyNames()
  const unknown = names.find((name) => name !== 'all' && !known.includes(name))
  if (unknown !== undefined) throw unknownValue('topology', unknown, [...known, 'all'])
  const wanted = names.includes('all') ? known : [...new Set(names)]
  const selected = selection(patterns, checks.map(({ id }) => id))
  return Promise.all(wanted.map(async (name) => {
    const procedure = procedures[name]
    if (!procedure) throw unknownValue('topology', name, [...known, 'all'])
    const topology = await loadTopologyFile(name)
    return { topology, procedure, ...planChecks(checks, topology, selected) }
  }))
}

/**
 * The checks that patterns select: `reach.*` takes, `!reach.path` leaves out; with exclusions alone, everything else is taken.
 * @throws MeshproofError MP-101 for a pattern that fits no check.
 */
export const selection = (patterns: string[], ids: string[]): ((id: string) => boolean) => {
  const compiled = patterns.map((pattern) => {
    const exclude = pattern.startsWith('!')
    const text = exclude ? pattern.slice(1) : pattern
    const expression = new RegExp(`^${text.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`)
    if (!ids.some((id) => expression.test(id))) throw unknownValue('check', text, [...new Set(ids)])
    return { exclude, expression }
  })
  const includes = compiled.filter(({ exclude }) => !exclude)
  const chosen = (id: string): boolean =>
    (includes.length === 0 || includes.some(({ expression }) => expression.test(id))) && !compiled.some(({ exclude, expression }) => exclude && expression.test(id))
  if (patterns.length > 0 && !ids.some(chosen)) {
    throw new MeshproofError('MP-103', { what: 'The patterns of --suite leave no check', where: patterns.join(','), next: 'meshproof list' })
  }
  return chosen
}
