import { GenericContainer } from 'testcontainers'
import { MeshproofError, reasonOf } from '#errors.ts'
import { nameOf, runImage } from '#engine/labels.ts'
import { curlCommand, parseTransfers } from '#probes/curl.ts'
import { noAccount } from '#probes/exchanges.ts'
import { answersOf } from '#probes/sample.ts'
import type { Recorder } from './evidence.ts'
import type { Stranger } from './target.ts'

const name = 'beside the clusters'

/**
 * Starts a client that is in no cluster for as long as `during` runs: a container on the run's network, where the
 * gateways' addresses are. It carries the run's labels through the image it is started from, so whatever ends this
 * process, the run's own clean-up takes it along.
 * @throws MeshproofError MP-202 when the engine does not start it.
 */
export const withEngineClient = async <T>(
  runId: string,
  record: Recorder,
  during: (client: Stranger) => Promise<T>,
): Promise<T> => {
  // Its reaper is an image of its own that cannot be had everywhere; what is ours is told by the run's labels instead.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  const container = await new GenericContainer(runImage(runId))
    .withNetworkMode(nameOf(runId))
    .withEntrypoint(['sleep'])
    .withCommand(['infinity'])
    .start()
    .catch((cause: unknown) => {
      throw new MeshproofError('MP-202', {
        what: 'The engine did not start a client beside the clusters',
        where: nameOf(runId),
        why: reasonOf(cause),
        next: 'This says nothing about the mesh; run again.',
        cause,
      })
    })
  try {
    return await during({
      name,
      getNow: async (url, requests = {}) => {
        const { stdout, stderr } = await container.exec(curlCommand(url, requests))
        const all = parseTransfers(stdout)
        if (all.length === 0) throw noAccount(name, stderr.trim().split('\n')[0])
        const answers = answersOf(all)
        record.add({
          probe: 'curl',
          from: name,
          url,
          through: requests.through ?? '',
          answers: answers.summary,
          curl: all[0]?.exit,
          error: all[0]?.error,
        })
        return answers
      },
    })
  } finally {
    await container.stop({ timeout: 0, removeVolumes: true })
  }
}
