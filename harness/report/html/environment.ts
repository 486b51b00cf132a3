import { markup, type Markup } from '#report/markup.ts'
import type { Results } from '#results/results.ts'
import { moment } from '#report/words.ts'

/** With what and where it ran: versions, the command, and every image by its digest. */
export const environmentSection = ({ run, environment }: Results): Markup => {
  const { os, cpus, memoryBytes, engine, kind, kubernetes, istio, envoy, meshproof, images } = environment
  const facts = {
    ...(meshproof === undefined ? {} : { meshproof }),
    Istio: istio,
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
  return markup`<section id="environment"><h2>Versions and images</h2>
<dl class="facts">${Object.entries(facts).map(([name, fact]) => markup`<dt>${name}</dt><dd>${fact}</dd>`)}</dl>
${
  images.length > 0 &&
  markup`<details><summary>${images.length} images by digest</summary><div class="scroll" tabindex="0" role="group" aria-label="Images by digest"><table><thead><tr><th scope="col">image</th><th scope="col">digest</th><th scope="col">from</th></tr></thead><tbody>${images.map(
    ({ name, digest, source }) => markup`<tr><td>${name}</td><td><code>${digest}</code></td><td>${source}</td></tr>
`,
  )}</tbody></table></div></details>`
}</section>`
}
