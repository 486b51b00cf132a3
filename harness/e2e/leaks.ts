import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { V1Secret } from '@kubernetes/client-node'
import type { Lab } from '#lab/lab.ts'

/** Every file below a folder, and its text, unpacked. */
export const textsIn = async (folder: string): Promise<Map<string, string>> => {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
  return new Map(
    await Promise.all(
      files.map(async (file) => {
        const content = await readFile(file)
        return [relative(folder, file), (file.endsWith('.gz') ? gunzipSync(content) : content).toString()] as const
      }),
    ),
  )
}

/**
 * What must be found nowhere: the looks of keys and tokens, and the very ones of a lab, as they are and encoded, whole
 * and in part.
 */
export const secretsOf = async ({ clusters }: Lab): Promise<string[]> => {
  const secrets = (
    await Promise.all(clusters.map(({ kube }) => kube.list<V1Secret>({ apiVersion: 'v1', kind: 'Secret' })))
  ).flat()
  const encoded = secrets.flatMap(({ data = {} }) => Object.values(data))
  const values = encoded.map((value) => Buffer.from(value, 'base64').toString())
  // Beside what lies in the clusters: the keys this machine reaches them with.
  const own = (await Promise.all(clusters.map(({ kubeconfig }) => readFile(kubeconfig, 'utf8')))).flatMap(
    (text) => /client-key-data: (\S+)/.exec(text)?.[1] ?? [],
  )
  const keys = [...values, ...own.map((key) => Buffer.from(key, 'base64').toString())].flatMap((value) => {
    const [, body = ''] = /PRIVATE KEY-----\n([^-]+)/.exec(value) ?? []
    return body.split('\n').filter((line) => line.length >= 40)
  })
  const tokens = values.flatMap((value) =>
    [...value.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)].flatMap(([token]) => [token, token.split('.')[2] ?? token]),
  )
  const sealed = encoded.filter((value) => /PRIVATE KEY|token:/.test(Buffer.from(value, 'base64').toString()))
  return ['PRIVATE KEY', 'eyJhbGciOi', 'client-key-data', ...keys, ...tokens, ...sealed, ...own]
}

/** The files of a folder that hold one of these texts, with its beginning. */
export const leaks = async (folder: string, secrets: string[]): Promise<string[]> =>
  [...(await textsIn(folder))].flatMap(([file, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${file}: ${secret.slice(0, 12)}…`),
  )
