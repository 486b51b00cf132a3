import { knownIssuesIn } from '#results/known-issues.ts'
import { joined, markup, type Markup } from '#report/markup.ts'
import { variantName, type TopologyResult } from '#results/results.ts'
import { idOf } from './check-id.ts'

/** The known issues of the release that checks met, each with those checks; undefined if there are none. */
export const knownIssueCard = (topologies: readonly TopologyResult[]): Markup | undefined => {
  const items = topologies.flatMap((topology) =>
    knownIssuesIn(topology.checks).map(({ known: { issue, url, title, releases }, ids }) => {
      const links = topology.checks
        .filter(({ id, knownIssue }) => ids.includes(id) && knownIssue?.issue === issue)
        .map((check) => markup`<a href="#${idOf(topology, check)}">${check.id}</a>`)
      return markup`
        <li>
          <p class="why"><a href="${url}">${issue}</a>: ${title}</p>
          <p class="where">Istio ${releases.join(', ')}. Met by ${joined(links, ', ')} in ${variantName(topology)}</p>
        </li>
      `
    }),
  )
  if (items.length === 0) return undefined
  return markup`
    <div class="cause later">
      <p class="layer"><b>${items.length === 1 ? 'Known issue' : `${items.length} known issues`}</b>
        A defect of the release is the reason. The checks failed all the same.</p>
      <ul>${items}</ul>
    </div>
  `
}
