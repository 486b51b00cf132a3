import { allSeen, because, expect, type CauseCode, type Cluster, type Mesh } from '#suite.ts'

/** Does the same from several clusters at the same time. Returns their summaries in one line. */
export const fromEach = async (clusters: Cluster[], work: (from: Cluster) => Promise<string>): Promise<string> =>
  (await Promise.all(clusters.map(work))).join('; ')

/** The versions of helloworld in some clusters, in the order in which answers list them. */
export const versionsIn = (clusters: Cluster[]): string[] => clusters.map(({ version }) => version).sort()

/**
 * Expects that the client of every cluster, or of some, gets an answer to every request, from exactly these versions.
 * `code` is the cause that a failure names. The requests go to helloworld, or to another `url`.
 */
export const everyClientSees = (
  mesh: Mesh,
  versions: string[],
  code: CauseCode,
  { clients = mesh.clusters, url = mesh.helloworld.url }: { clients?: Cluster[]; url?: string } = {},
): Promise<string> =>
  fromEach(clients, async (from) => {
    const answers = await from.sleep.get(url, { until: allSeen(versions) })
    expect(answers.statuses, because(code)).toEqual([200])
    expect(answers.versions, because(code)).toEqual(versions)
    return `${from.name} ${answers.summary}`
  })
