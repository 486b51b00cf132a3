// Publishes images and files on this machine until it is stopped: `npm run rehearsal`. A run uses them when its --pins
// names the file that this prints.
import { once } from 'node:events'
import { startStage } from './rehearsal/stage.ts'
import { MeshproofError } from '#errors.ts'
import { showError } from '#report/show-error.ts'
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
  screen.line('Ctrl-C stops it and removes the images that the engine pulled from it.')
  if (!signal.aborted) await once(signal, 'abort')
  await stop()
} catch (thrown) {
  const error: unknown = signal.aborted ? signal.reason : thrown
  if (!(error instanceof MeshproofError)) throw thrown
  showError(screen, error)
  process.exitCode = error.exitCode
} finally {
  screen.close()
  release()
}
