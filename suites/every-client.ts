import { allSeen, because, expect, type CauseCode, type Cluster, type Mesh } from '#suite.ts'

/**
 * Expects that the client of every cluster, or of some, gets an answer to every request, from exactly these versions.
 * `code` is the cause that a failure names. The requests go to helloworld, or to another `url`.
 */
export const everyClientSees = async (
  mesh: Mesh,
  versions: string[],
  code: CauseCode,
  { clients = mesh.clusters, url = mesh.helloworld.url }: { clients?: Cluster[]; url?: string } = {},
): Promise<string> => {
  const perClient = await Promise.all(
    clients.map(async (from) => {
      const answers = await from.sleep.get(url, { until: allSeen(versions) })
      expect(answers.statuses, because(code)).toEqual([200])
      expect(answers.versions, because(code)).toEqual(versions)
      return `${from.name} ${answers.summary}`
    }),
  )
  return perClient.join('; ')
}
