#!/usr/bin/env node
// The entry point, for any Node from 20 on and for a clone without dependencies. It installs the dependencies, then
// runs the command line under Node 24.
import { runUnderNode24 } from './with-node.mjs'
import { join } from 'node:path'

process.exitCode = await runUnderNode24([join(import.meta.dirname, '../harness/cli/main.ts'), ...process.argv.slice(2)])
