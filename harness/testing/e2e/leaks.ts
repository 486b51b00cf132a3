import { readFile, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { V1Secret } from '@kubernetes/client-node'
import type { Lab } from '#lab/lab.ts'

/** The text of every file in a folder and its subfolders, decompressed, by the file’s path. */
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
 * Texts that no report may contain: the typical beginnings of keys and tokens, and the keys and tokens of a lab, plain
 * and in base64, complete and in parts.
 */
export const secretsOf = async ({ clusters }: Lab): Promise<string[]> => {
  const secrets = (
    await Promise.all(clusters.map(({ kube }) => kube.list<V1Secret>({ apiVersion: 'v1', kind: 'Secret' })))
  ).flat()
  const encoded = secrets.flatMap(({ data = {} }) => Object.values(data))
  const values = encoded.map((value) => Buffer.from(value, 'base64').toString())
  // The keys with which this machine reaches the clusters.
  const clientKeys = (await Promise.all(clusters.map(({ kubeconfig }) => readFile(kubeconfig, 'utf8')))).flatMap(
    (text) => /client-key-data: (\S+)/.exec(text)?.[1] ?? [],
  )
  const keys = [...values, ...clientKeys.map((key) => Buffer.from(key, 'base64').toString())].flatMap((value) => {
    const [, body = ''] = /PRIVATE KEY-----\n([^-]+)/.exec(value) ?? []
    return body.split('\n').filter((line) => line.length >= 40)
  })
  const tokens = values.flatMap((value) =>
    [...value.matchAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g)].flatMap(([token]) => [token, token.split('.')[2] ?? token]),
  )
  const encodedSecrets = encoded.filter((value) => /PRIVATE KEY|token:/.test(Buffer.from(value, 'base64').toString()))
  return ['PRIVATE KEY', 'eyJhbGciOi', 'client-key-data', ...keys, ...tokens, ...encodedSecrets, ...clientKeys]
}

/** The files of a folder that contain one of these texts, each with the first characters of the text. */
export const filesWithSecrets = async (folder: string, secrets: string[]): Promise<string[]> =>
  [...(await textsIn(folder))].flatMap(([file, text]) =>
    secrets.filter((secret) => text.includes(secret)).map((secret) => `${file}: ${secret.slice(0, 12)}…`),
  )
