import { markup, type Markup } from '#report/markup.ts'
import type { Environment, Results } from '#results/results.ts'
import { moment } from '#report/words.ts'
import { columnTitles, row, scrollable } from './table.ts'

/** What ran and where: versions, the command, and every image with its digest. */
export const environmentSection = ({ run, environment }: Results): Markup => {
  const { os, cpus, memoryBytes, engine, kind, kubernetes, istio, envoy, meshproof, helm, images } = environment
  const { gatewayApi } = environment
  const facts = {
    ...(meshproof === undefined ? {} : { meshproof }),
    Istio: istio,
    ...(helm === undefined ? {} : { 'installed by Helm': helm }),
    ...(gatewayApi === undefined ? {} : { 'gateways by the Gateway API': gatewayApi }),
    Envoy: envoy,
    Kubernetes: kubernetes,
    kind,
    'container engine': engine,
    machine: `${os}, ${cpus} CPUs, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB of memory`,
    command: markup`<code>${run.command}</code>`,
    began: moment(run.startedAt),
    ended: moment(run.finishedAt),
    'exit code': run.exitCode,
  }
  return markup`
    <section id="environment"><h2>Versions and images</h2>
    <dl class="facts">${Object.entries(facts).map(([name, fact]) => markup`<dt>${name}</dt><dd>${fact}</dd>`)}</dl>
    ${images.length > 0 && imageDetails(images)}
    </section>
  `
}

const imageDetails = (images: Environment['images']): Markup => markup`
  <details>
    <summary>${images.length} images by digest</summary>
    ${scrollable('Images by digest', imageTable(images))}
  </details>
`

const imageTable = (images: Environment['images']): Markup => markup`
  <table>
    ${columnTitles(['image', 'digest', 'from'])}
    <tbody>${images.map(({ name, digest, source }) => row([name, markup`<code>${digest}</code>`, source]))}</tbody>
  </table>
`
