/**
 * What the path of an injector says of its cluster, in both forms that istiod reads: that of today,
 * `/inject/cluster/NAME/net/NETWORK`, and that of older guides, `/inject/:ENV:cluster=NAME:ENV:net=NETWORK`.
 */
export const placeIn = (path: string): { cluster: string | undefined; network: string | undefined } => {
  const valueOf = (key: string): string | undefined =>
    new RegExp(`/${key}/([^/]+)`).exec(path)?.[1] ?? new RegExp(`:ENV:${key}=((?:(?!:ENV:).)+)`).exec(path)?.[1]
  return { cluster: valueOf('cluster'), network: valueOf('net') }
}
