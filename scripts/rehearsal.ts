// A publisher of images and files on this machine, for as long as this runs: `npm run rehearsal`. Runs are led to it by
// their pins and know nothing else of it.
import { once } from 'node:events'
import { startStage } from './rehearsal/stage.ts'
import { MeshproofError } from '#errors.ts'
import { terminal } from '#report/terminal.ts'
import { listenForSignals } from '#cli/signals.ts'

const screen = terminal(process.stdout)
const { signal, release } = listenForSignals(screen.line)
try {
  const { registry, site, pins, istio, kubernetes, stop } = await startStage(screen.line, screen.building, signal)
  screen.close()
  screen.line(
    `Istio ${istio} and Kubernetes ${kubernetes} are published: images at ${registry}, files at http://${site}`,
  )
  screen.line(`  npm test -- --images=release --pins=${pins} --topology=primary-remote`)
  screen.line('Ctrl-C ends it and removes what was pulled from there.')
  if (!signal.aborted) await once(signal, 'abort')
  await stop()
} catch (thrown) {
  const error: unknown = signal.aborted ? signal.reason : thrown
  if (!(error instanceof MeshproofError)) throw thrown
  screen.problem(`${error.code}  ${error.message}`)
  screen.line(`  next: ${error.next}`)
  process.exitCode = error.exitCode
} finally {
  screen.close()
  release()
}
