#!/usr/bin/env node
// The way in, for any Node from 20 on and a clone without dependencies: it sees to those, then hands over to Node 24.
import { runUnderNode24 } from './with-node.mjs'
import { join } from 'node:path'

process.exitCode = await runUnderNode24([join(import.meta.dirname, '../harness/cli/main.ts'), ...process.argv.slice(2)])
