import { MeshproofError, reasonOf } from '#errors.ts'
import { nameOf, runImage } from '#engine/labels.ts'
import { curlCommand, parseTransfers } from '#probes/curl.ts'
import { noAccount } from '#probes/exchanges.ts'
import { answersOf } from '#probes/sample.ts'
import type { Recorder } from './evidence.ts'
import type { Stranger } from './target.ts'

const name = 'beside the clusters'

/**
 * Starts a client outside of all clusters while `during` runs: a container on the run’s network, where the
 * gateways’ addresses are. Its image carries the run’s labels, so the run’s clean-up removes it, also after an
 * abrupt end.
 * @throws MeshproofError MP-202 when the engine does not start it.
 */
export const withEngineClient = async <T>(
  runId: string,
  record: Recorder,
  during: (client: Stranger) => Promise<T>,
): Promise<T> => {
  // The reaper of testcontainers needs another image, which is not available everywhere. The run’s labels replace it.
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  // Loaded here, since most commands start no client.
  const { GenericContainer } = await import('testcontainers')
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
        const transfers = parseTransfers(stdout)
        if (transfers.length === 0) throw noAccount(name, stderr.trim().split('\n')[0])
        const answers = answersOf(transfers)
        record.add({
          probe: 'curl',
          from: name,
          url,
          through: requests.through ?? '',
          answers: answers.summary,
          curl: transfers[0]?.exit,
          error: transfers[0]?.error,
        })
        return answers
      },
    })
  } finally {
    await container.stop({ timeout: 0, removeVolumes: true })
  }
}
