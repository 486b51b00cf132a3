// Builds the published form of the package into the folder `dist`: JavaScript and type declarations from the compiler,
// and every other file that the program reads. A checkout never needs it: sources run as they are.
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { execa } from 'execa'
import { z } from 'zod'

const root = resolve(import.meta.dirname, '..')
const dist = join(root, 'dist')

await rm(dist, { recursive: true, force: true })
const compiler = await execa(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '--project', join(root, 'tsconfig.build.json')],
  { cwd: root, reject: false, all: true },
)
if (compiler.exitCode !== 0) {
  console.error(compiler.all)
  process.exit(1)
}
for (const folder of ['harness', 'fixtures'])
  await cp(join(root, folder), join(dist, folder), {
    recursive: true,
    filter: (path) => !path.endsWith('.ts') && path !== join(root, 'harness/testing'),
  })

// Node takes the subpath imports of the nearest package.json. So a `#cli/main.ts` of a compiled file is main.js here.
const Package = z.object({ name: z.string(), version: z.string(), type: z.string() })
const { name, version, type } = Package.parse(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')))
const imports = { '#*.ts': './harness/*.js' }
await writeFile(join(dist, 'package.json'), `${JSON.stringify({ name, version, type, imports }, null, 2)}\n`)
