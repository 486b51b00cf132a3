import { notApplicable, whyOnDemand } from '#checks/check.ts'
import { catalogue } from '#run/catalogue.ts'
import { loadTopologyFile, type Mtls, topologyNames } from '#topology/topology-file.ts'

/** What `list` prints: every topology, and every check with where it applies and why not. */
export const listing = async (form: 'text' | 'json'): Promise<string> => {
  const files = await Promise.all((await topologyNames()).map(loadTopologyFile))
  const topologies = files.flatMap((file) =>
    (['strict', 'off'] as const).map((mtls) => ({ ...file, mtls, byDefault: file.mtls.includes(mtls) })),
  )
  const demands = new Map(catalogue.map((check) => [check.id, whyOnDemand(check)]))
  const checks = catalogue.map((check) => ({
    id: check.id,
    layer: check.layer,
    title: check.title,
    source: check.source,
    from: check.from,
    onDemand: demands.get(check.id) !== undefined,
    topologies: topologies.map((topology) => ({
      name: topology.name,
      mtls: topology.mtls,
      applies: notApplicable(check, topology) === undefined,
      reason: notApplicable(check, topology) ?? '',
    })),
  }))
  if (form === 'json')
    return JSON.stringify(
      {
        topologies: topologies.map(({ name, title, seed, mtls, byDefault }) => ({
          name,
          title,
          seed,
          mtls,
          byDefault,
        })),
        checks,
      },
      null,
      2,
    )
  const width = Math.max(...checks.map(({ id }) => id.length))
  return [
    'Topologies',
    ...files.map(
      ({ name, title, seed, mtls }) =>
        `  ${name}  ${title} (${seed === undefined ? 'beyond the seeds' : `seed ${seed}`}; mutual TLS ` +
        `${mtls.join(' and ')})`,
    ),
    '',
    'Checks',
    ...checks.map(({ id, title, topologies: where }) => {
      const not = Map.groupBy(
        where.filter(({ applies }) => !applies),
        ({ reason }) => reason,
      )
      const lines = [...not].map(
        ([reason, variants]) => `  ${''.padEnd(width)}    not on ${variantsOf(variants, files.length)}: ${reason}`,
      )
      const why = demands.get(id)
      const demand = why === undefined ? [] : [`  ${''.padEnd(width)}    on demand, since ${why}: --suite=${id}`]
      return [`  ${id.padEnd(width)}  ${title}`, ...demand, ...lines].join('\n')
    }),
  ].join('\n')
}

/** Names the variants of topologies; a mode that holds for every topology is named alone. */
const variantsOf = (variants: { name: string; mtls: Mtls }[], all: number): string => {
  const of = (mode: Mtls): string[] => variants.filter(({ mtls }) => mtls === mode).map(({ name }) => name)
  const [strict, off] = [of('strict'), of('off')]
  if (strict.join() === off.join()) return strict.length === all ? 'any topology' : strict.join(', ')
  const topologiesWith = (names: string[], words: string): string[] =>
    names.length === 0 ? [] : [names.length === all ? `any topology ${words}` : `${names.join(', ')} ${words}`]
  return [...topologiesWith(strict, 'with mutual TLS'), ...topologiesWith(off, 'with it off')].join('; ')
}
