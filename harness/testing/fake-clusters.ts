import { onTestFinished } from 'vitest'
import type { Manifest } from '#kube/client.ts'
import { survey, type Survey } from '#probes/survey/survey.ts'
import { fakeApiServer, type FakeApiServer } from './fake-api-server.ts'
import { meshObjects, type Shape } from './mesh-objects.ts'

/** An API server with these objects. It answers until the test is over. */
export const apiServerOf = async (
  objects: Manifest[],
  options: Parameters<typeof fakeApiServer>[1] = {},
): Promise<FakeApiServer> => {
  const server = await fakeApiServer(objects, options)
  onTestFinished(server.close)
  return server
}

/** A survey of the clusters behind API servers. Their contexts are context1, context2, … */
export const surveyServers = async (...servers: Promise<FakeApiServer>[]): Promise<Survey> =>
  survey((await Promise.all(servers)).map((server, index) => server.cluster(`context${index + 1}`)))

/**
 * How a cluster of a fake mesh differs from the default. `called` is its name. Its user may not list the resources in
 * `forbidden`. `logs` are those of its pods, by their names.
 */
export type FakeCluster = Shape & { called?: string; forbidden?: string[]; logs?: Record<string, string> }

/**
 * A survey of a fake mesh of these clusters. They are called cluster1, cluster2, …, and their contexts context1, …
 * Each has an API server, which answers until the test is over.
 */
export const surveyOf = (...clusters: FakeCluster[]): Promise<Survey> =>
  surveyServers(
    ...clusters.map(({ called, forbidden = [], logs = {}, ...shape }, index) =>
      apiServerOf(meshObjects(called ?? `cluster${index + 1}`, shape), { forbidden, logs }),
    ),
  )
