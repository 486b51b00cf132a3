import type { Finding } from './layer.ts'

/**
 * What several clients show alike (the same code at the same place) is reported once: the first finding, about the
 * clusters of all of them. A finding that states no clusters keeps none.
 */
export const onceEach = (findings: readonly Finding[]): Finding[] =>
  [...Map.groupBy(findings, ({ code, where }) => `${code} ${where}`).values()].flatMap((alike) => {
    const [first] = alike
    const clusters = [...new Set(alike.flatMap((finding) => finding.clusters ?? []))]
    return first ? [clusters.length > 0 ? { ...first, clusters } : first] : []
  })
