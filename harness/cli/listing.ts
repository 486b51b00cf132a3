import { catalogue, notApplicable } from '../checks/catalogue.ts'
import { loadTopologyFile, topologyNames } from '../plan/topology-file.ts'

/** What `list` prints: every topology, and every check with where it applies and why not. */
export const listing = async (form: 'text' | 'json'): Promise<string> => {
  const topologies = await Promise.all((await topologyNames()).map(loadTopologyFile))
  const checks = (await catalogue()).map((check) => ({
    id: check.id, layer: check.layer, title: check.title, source: check.source, from: check.from,
    topologies: topologies.map((topology) => ({ name: topology.name, applies: notApplicable(check, topology) === undefined, reason: notApplicable(check, topology) ?? '' })),
  }))
  if (form === 'json') return JSON.stringify({ topologies: topologies.map(({ name, title, seed }) => ({ name, title, seed })), checks }, null, 2)
  const width = Math.max(...checks.map(({ id }) => id.length))
  return [
    'Topologies',
    ...topologies.map(({ name, title, seed }) => `  ${name}  ${title} (seed ${seed})`),
    '',
    'Checks',
    ...checks.map(({ id, title, topologies: where }) => {
      const not = where.filter(({ applies }) => !applies).map(({ name, reason }) => `not ${name}: ${reason}`)
      return `  ${id.padEnd(width)}  ${title}${not.length > 0 ? `  (${not.join('; ')})` : ''}`
    }),
  ].join('\n')
}
