import { MeshproofError } from '../errors.ts'
import { catalogue } from '../checks/catalogue.ts'
import { engineInfo } from '../engine/docker.ts'
import { doctor } from '../engine/doctor.ts'
import { ensureEngine } from '../engine/ensure.ts'
import { requireCache } from '../images/cache.ts'
import { buildHarness } from '../images/harness-image.ts'
import { sourceImages } from '../images/source.ts'
import { sourceState } from '../images/source-state.ts'
import { imageBytes } from '../images/node-image.ts'
import { imagesFor } from '../images/versions.ts'
import { down } from '../lab/down.ts'
import { makePlans } from '../plan/plan.ts'
import { tellGitHub } from '../report/github-step.ts'
import { renderFolders } from '../report/render-folders.ts'
import { variantName } from '../report/results.ts'
import { terminal as terminalOn, type Terminal } from '../report/terminal.ts'
import { planDocument, describePlans } from '../run/plan-line.ts'
import { connectContexts } from '../existing/contexts.ts'
import { downIn } from '../existing/namespaces.ts'
import { planExisting } from '../existing/plan-existing.ts'
import { ownStore, type Store } from '../inside/store-results.ts'
import { prove } from '../prove/prove.ts'
import { run } from '../run/run.ts'
import { runExisting } from '../run/run-existing.ts'
import type { RunOptions } from '../run/options.ts'
import type { Run } from '../run/reported.ts'
import { listenForSignals, type Signals } from '../run/signals.ts'
import { runUpgrade } from '../upgrade/run-upgrade.ts'
import { upgradePlanDocument } from '../upgrade/upgrade-plan-document.ts'
import type { Invocation } from './arguments.ts'
import { diagnoseExisting } from './diagnose.ts'
import { listing } from './listing.ts'

const print = (value: unknown): void => { process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}\n`) }

/** Does what a command line says and returns the exit code. */
export const perform = async (invocation: Invocation): Promise<number> => {
  switch (invocation.command) {
    case 'help':
      print(invocation.text.trimEnd())
      return 0
    case 'test':
    case 'up':
      return invocation.options.plan ? printPlan(invocation.options) : test(invocation.command, invocation.options)
    case 'upgrade': {
      const { options } = invocation
      if (!options.plan) return tell(options.output, true, (line, screen, signals) => runUpgrade(options, line, screen, signals))
      print(await upgradePlanDocument(options))
      return 0
    }
    case 'prove':
      return proveChecks(invocation.options)
    case 'diagnose': {
      const { options } = invocation
      return withTerminal(async (screen, signal) => {
        const diagnosis = await diagnoseExisting(options, screen, signal)
        if (options.output === 'json') print(diagnosis)
        return diagnosis.exitCode
      }, options.output === 'json' ? process.stderr : process.stdout)
    }
    case 'list':
      print(await listing(invocation.options.output))
      return 0
    case 'report':
      for (const file of await renderFolders(invocation.options.folders, invocation.options.reportDir)) print(file)
      return 0
    case 'doctor': {
      const { fit, report, findings } = await doctor()
      print(invocation.options.output === 'json' ? { fit, findings } : report)
      return fit ? 0 : 2
    }
    case 'down':
      return withTerminal(async (screen, signal) => {
        const { contexts, kubeconfig, all, run: runId } = invocation.options
        if (contexts) return downIn(connectContexts(contexts, kubeconfig), { all, run: runId }, screen.line)
        await engineInfo(signal)
        return down({ all, run: runId }, screen.line)
      })
    case 'images list':
      print(await sourceState(invocation.options.output))
      return 0
    case 'images build':
      return withTerminal(async (screen, signal) => {
        await requireCache()
        const engine = await ensureEngine(screen.line, signal)
        const image = invocation.options.harness ? await buildHarness(engine, screen.building, signal) : (await sourceImages(engine, screen.building, signal)).node
        screen.close()
        screen.line(`${image}  ${Math.round((await imageBytes(image)) / 1e6)} MB`)
        return 0
      })
  }
}

/** Runs something that writes reports, tells how it ended, and returns its exit code. */
const tell = async (output: 'text' | 'json', withSummary: boolean, running: (line: string, screen: Terminal, signals: Signals) => Promise<Run>, store?: Store): Promise<number> => {
  // Programs read stdout, people watch: with --output=json the people's lines go to stderr.
  const screen = terminalOn(output === 'json' ? process.stderr : process.stdout)
  const signals = listenForSignals(screen.line)
  try {
    const { results, folder } = await running(`meshproof ${process.argv.slice(2).join(' ')}`.trim(), screen, signals)
    screen.close()
    const { error } = results.run
    if (error) {
      screen.problem(`${error.code}  ${error.message}`)
      screen.line(`  next: ${error.next}`)
    }
    if (withSummary) {
      screen.summary(results, folder)
      await tellGitHub(results, process.env, screen.line)
    } else screen.line(`report: ${folder}`)
    if (output === 'json') print(results)
    await store?.({ results, folder })
    return results.run.exitCode
  } finally {
    screen.close()
    signals.release()
  }
}

const test = async (command: 'test' | 'up', options: RunOptions): Promise<number> => tell(options.output, command === 'test', (line, screen, signals) =>
  (options.contexts === undefined ? run(command, options, line, screen, signals) : runExisting(options.contexts, options, line, screen, signals)), options.results === undefined ? undefined : await ownStore(options.results))

const proveChecks = async (options: RunOptions): Promise<number> => {
  const screen = terminalOn(options.output === 'json' ? process.stderr : process.stdout)
  const signals = listenForSignals(screen.line)
  try {
    const { proofs, unproven, folder, exitCode, error } = await prove(options, screen, signals)
    screen.close()
    if (error instanceof MeshproofError) {
      screen.problem(`${error.code}  ${error.message}`)
      screen.line(`  next: ${error.next}`)
    } else if (error !== undefined) throw error
    if (unproven.length > 0) screen.problem(`not proven: ${unproven.join(', ')}`)
    if (options.plan) return 0
    screen.line(`${proofs.filter(({ verdict }) => verdict === 'detected').length} of ${proofs.length} faults detected`)
    screen.line(`report: ${folder}`)
    if (options.output === 'json') print(proofs)
    return error instanceof MeshproofError ? error.exitCode : exitCode
  } finally {
    screen.close()
    signals.release()
  }
}

const printPlan = async (options: RunOptions): Promise<number> => {
  const checks = await catalogue()
  const existing = options.contexts && await planExisting(connectContexts(options.contexts, options.kubeconfig), options, checks)
  const plans = existing ? [existing] : await makePlans(options.topology, options.suite, checks, options.mtls)
  const images = existing ? existing.images.source : await imagesFor(options)
  if (options.output === 'json') print({ images, ...planDocument(plans) })
  else {
    for (const line of [...existing?.lines ?? [], ...describePlans(plans, checks)]) print(line)
    for (const { topology, steps, planned } of plans) {
      print(`${variantName(topology)}:`)
      print('  steps:')
      for (const { name } of steps) print(`    ${name}`)
      print('  checks:')
      for (const { id, from, to } of planned) print(`    ${id}  ${from.join(', ')} → ${to.join(', ')}`)
    }
    print(`images: ${images}`)
  }
  return 0
}

const withTerminal = async (work: (screen: Terminal, signal: AbortSignal) => Promise<number>, stream: NodeJS.WritableStream = process.stdout): Promise<number> => {
  const screen = terminalOn(stream)
  const signals = listenForSignals(screen.line)
  try {
    return await work(screen, signals.signal)
  } catch (error) {
    throw signals.signal.aborted ? signals.signal.reason : error
  } finally {
    screen.close()
    signals.release()
  }
}
