import { stringify } from 'yaml'
import type { Cell } from '#results/cells.ts'
import { shellWords } from './shell.ts'

/**
 * The cells as a child pipeline of GitLab: a job each, which keeps its report however it ends, and one that merges
 * them. Runners, images and services are the business of a file that is included beside it (docs.gitlab.com,
 * “Downstream pipelines”).
 */
export const forGitLab = (cells: readonly Cell[]): string =>
  stringify(
    {
      // Without it there is no child pipeline for merge requests.
      workflow: { rules: [{ when: 'always' }] },
      stages: ['cells', 'report'],
      default: { before_script: ['npm ci'] },
      ...Object.fromEntries(
        cells.map(({ name, args }) => [
          `cell ${name}`,
          {
            stage: 'cells',
            script: [`npx meshproof ${shellWords([...args, `--report-dir=reports/${name}`])}`],
            // Cells that ask one and the same mesh go one after the other.
            ...(args.some((arg) => arg.startsWith('--contexts=')) ? { resource_group: 'meshproof' } : {}),
            artifacts: { when: 'always', paths: [`reports/${name}/`], reports: { junit: `reports/${name}/junit.xml` } },
          },
        ]),
      ),
      'all cells': {
        stage: 'report',
        when: 'always',
        script: [
          `printf '%s' ${shellWords([JSON.stringify({ cells })])} > cells.json`,
          'npx meshproof report reports --cells=cells.json',
        ],
        artifacts: { when: 'always', paths: ['reports/'] },
      },
    },
    { lineWidth: 0 },
  )
