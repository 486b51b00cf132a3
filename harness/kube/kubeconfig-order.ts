import { delimiter } from 'node:path'
import { UserEntry } from './kubeconfig-account.ts'
import type { KubeconfigFile } from './kubeconfig-files.ts'

const named = <T extends { name: string }>(entries: T[] | null | undefined, name: string): T | undefined =>
  entries?.find((entry) => entry.name === name)

/**
 * Kubeconfig files in the order in which a Go program takes a context for the cluster and user that the client takes:
 * the file that has the context goes first. Empty where no file has it.
 */
export const inOrderFor = (files: readonly KubeconfigFile[], context: string): KubeconfigFile[] => {
  const owner = files.find(({ content }) => named(content.contexts, context))
  return owner === undefined ? [] : [owner, ...files.filter((file) => file !== owner)]
}

/**
 * The KUBECONFIG with which kubectl and istioctl take a context for the cluster and user that the client takes: its own
 * file goes first, since they take the first entry of a name in any file. istioctl ignores impersonation, so a context
 * that asks for it is refused.
 */
export const kubeconfigFor = (
  files: readonly KubeconfigFile[],
  context: string,
): { kubeconfig: string } | { refused: string } => {
  const inOrder = inOrderFor(files, context)
  const [owner] = inOrder
  if (!owner) return { refused: `no kubeconfig has the context ${context}` }
  const names = named(owner.content.contexts, context)?.context as { user?: unknown } | undefined
  const user = typeof names?.user === 'string' ? names.user : ''
  const entries = inOrder.flatMap(({ content }) => named(content.users, user) ?? [])
  const account = UserEntry.safeParse(entries[0]?.user ?? {})
  if (!account.success || account.data.as)
    return { refused: `context ${context} impersonates another user, which istioctl does not do` }
  return { kubeconfig: inOrder.map(({ path }) => path).join(delimiter) }
}
