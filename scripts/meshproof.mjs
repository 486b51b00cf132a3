#!/usr/bin/env node
// The entry point. In a checkout, for any Node from 20 on and for a clone without dependencies: it installs the
// dependencies, then runs the sources under Node 24. In an installed package: it runs the compiled files in `dist`
// under the Node that the user has. This file and what it imports keep to the syntax of old releases of Node, so that
// each of them can say that it is too old.
import { existsSync } from 'fs'
import { dirname, join } from 'path'
import { fileURLToPath } from 'url'
import { runInstalled, runUnderNode24 } from './with-node.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sources = join(root, 'harness', 'cli', 'main.ts')
const args = process.argv.slice(2)

const ending = existsSync(sources)
  ? runUnderNode24([sources].concat(args))
  : runInstalled([join(root, 'dist', 'harness', 'cli', 'main.js')].concat(args))
void ending.then((exitCode) => {
  process.exitCode = exitCode
})
