import { createRequire } from 'node:module'
import type * as Library from '@kubernetes/client-node'

const load = createRequire(import.meta.url)

/**
 * The client library for Kubernetes. It is nine hundred files, and is loaded when a cluster is asked for the first
 * time: commands that ask none start in half the time.
 */
export const kubernetes = (): typeof Library => load('@kubernetes/client-node') as typeof Library
