import type { Check } from '#checks/check.ts'
import type { Installer } from '#images/images.ts'
import { releaseNamesOf } from '#istio/charts.ts'
import type { Step } from '#istio/procedure.ts'
import type { MeshPlan, TopologyPlan } from '#run/plan.ts'
import { variantName } from '#results/results.ts'

/** What a run will do: a line for each plan. */
export const describePlans = (plans: MeshPlan[], checks: readonly Check[]): string[] =>
  plans.map(({ topology, planned, skipped }) => {
    const clusters = topology.clusters
      .map(({ name, role, network, istiodIn }) => {
        const words = [role, network, istiodIn === undefined ? '' : `istiod in ${istiodIn}`]
        return `${name} (${words.filter(Boolean).join(', ')})`
      })
      .join(', ')
    const total = checks.filter(({ id }) => [...planned, ...skipped].some((result) => result.id === id)).length
    return (
      `${variantName(topology)}: ${clusters}; ${new Set(planned.map(({ id }) => id)).size} of ${total} checks, ` +
      `${planned.length} verdicts`
    )
  })

/** A plan with its steps. The steps in existing clusters install nothing of Istio. */
type PlanWithSteps = MeshPlan & { steps: Pick<Step, 'name' | 'installs'>[] }

/** What Helm installs in the steps of a plan: the names of its releases, by the name of the step. */
const helmReleases = ({ steps }: PlanWithSteps): { step: string; releases: string[] }[] =>
  steps.flatMap(({ name, installs }) =>
    installs === undefined ? [] : [{ step: name, releases: releaseNamesOf(installs.part) }],
  )

/** The steps of a plan, one in a line. Where Helm installs, a line also has the releases of its step. */
export const stepLines = (plan: PlanWithSteps, installer: Installer): string[] => {
  const releases = new Map(installer === 'helm' ? helmReleases(plan).map((entry) => [entry.step, entry.releases]) : [])
  return plan.steps.map(({ name }) => {
    const installed = releases.get(name)
    return installed === undefined ? name : `${name}  (helm upgrade --install ${installed.join(', ')})`
  })
}

/** How gateways are made, and where a plan has none; nothing where they are all classic. */
export const gatewayLines = (plans: TopologyPlan[]): string[] => {
  const named = (some: TopologyPlan[]): string => some.map(({ topology }) => variantName(topology)).join(', ')
  const ofResources = plans.filter(({ topology }) => topology.gateways !== undefined)
  const without = plans.filter((plan) => !ofResources.includes(plan))
  if (ofResources.length === 0) return []
  return [
    'gateways: resources of the Gateway API, where a cluster has an istiod',
    ...(without.length === 0 ? [] : [`no gateways on one network: ${named(without)}`]),
  ]
}

/** Everything that `--plan` prints: clusters, steps and checks. It is data that can be printed as JSON. */
export const planDocument = (plans: PlanWithSteps[], installer: Installer = 'istioctl'): object => ({
  topologies: plans.map((plan) => planned(plan, installer)),
})

const planned = (plan: PlanWithSteps, installer: Installer): object => {
  const { topology, steps, planned: checks, skipped } = plan
  return {
    ...topology,
    steps: steps.map(({ name }) => name),
    ...(installer === 'helm' ? { helm: helmReleases(plan) } : {}),
    checks,
    skipped: skipped.map(({ id, reason }) => ({ id, reason })),
  }
}
