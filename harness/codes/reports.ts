import type { CodeEntry } from './entry.ts'

/** Errors of report folders: where a run writes, and what `report` reads. */
export const reportCodes = {
  'MP-104': {
    cause: 'the report folder exists and is not empty',
    shows:
      'The run ends before anything is made: the folder belongs to another run. The message says if that run goes on ' +
      'or was killed, which look the same.',
    fix:
      'Name another folder with --report-dir, or remove that one. A CI job with a fixed folder removes it first. ' +
      '`cell` does so itself with what a killed attempt left.',
  },
  'MP-105': {
    cause: 'the report folder cannot be made',
    shows: 'The run ends before anything is made. The message names the folder.',
    fix: 'Name a folder with --report-dir that can be written.',
  },
  'MP-111': {
    cause: 'there is no such report folder',
    shows: '`report`, or `upgrade --compare`, was given a path that is no folder.',
    fix: 'Name the folder that the last line of a run calls its report.',
  },
  'MP-112': {
    cause: 'a folder holds no results.json that can be read',
    shows: 'The message holds the words of the operating system.',
    fix: 'Name a folder that a run wrote. `prove` writes proof.json and no results.json.',
  },
  'MP-113': {
    cause: 'a results.json is not valid',
    shows: 'It is not JSON, or a field is not what the schema says: the message names the first such field.',
    fix:
      'Compare it with docs/results.schema.json. Results of another version of meshproof are rendered by that ' +
      'version.',
  },
  'MP-114': {
    cause: 'a report cannot be written',
    shows: 'The message names the folder, and the words of the operating system.',
    fix: 'Make the folder writable. For the page of several runs, name another folder with --report-dir.',
  },
  'MP-127': {
    cause: '`history` found no results of a run',
    shows: 'No results.json in the folders, or below them, can be shown. The message says why the first one cannot.',
    fix: 'Name report folders, or a folder that holds them: meshproof history reports',
  },
  'MP-128': {
    cause: 'a run has not ended',
    shows:
      'results.json holds what is known so far: the run goes on, or it was killed. What it has not reached is ' +
      '`not-run`. At its end the run replaces the file.',
    fix:
      'Wait for the end of the run: `meshproof report --watch FOLDER`. `meshproof down` removes what a killed run ' +
      'left.',
  },
  'MP-191': {
    cause: 'the folder of --artifacts cannot be used',
    shows:
      'It cannot be made or written, it has the `started.json` of another run, or it is the folder of --report-dir ' +
      'or in it. Nothing is made.',
    fix: 'Name another folder with --artifacts, or remove what is in it.',
  },
  'MP-192': {
    cause: 'a report cannot be signed with that key',
    shows:
      'The file of --attest cannot be read, or holds no private key that is supported. The run ends before anything ' +
      'is made. No part of the file is printed.',
    fix:
      'Name a file with an ECDSA P-256 or Ed25519 key in PEM (PKCS#8), without a password: ' +
      '`openssl genpkey -algorithm ed25519 -out key.pem`.',
  },
  'MP-193': {
    cause: 'that is no public key that a report can be checked with',
    shows: 'The file of `verify-report --key` cannot be read, holds a private key, or one of another kind.',
    fix: 'Name the public key of the signer in PEM: `openssl pkey -in key.pem -pubout -out public.pem`.',
  },
  'MP-194': {
    cause: 'a report folder has no signature that can be read',
    shows: 'attestation.sigstore.json is missing, or is not a Sigstore bundle with a signed statement of meshproof.',
    fix: 'Name the folder of a run with --attest, and take it over as a whole.',
  },
  'MP-195': {
    cause: 'a report is not signed with that key',
    shows: 'The statement was changed after it was signed, or another key signed it. `verify-report` ends with 1.',
    fix: 'Do not rely on the report. Get it, or the public key, again from the one who signed it.',
  },
  'MP-196': {
    cause: 'a file of a report is not the one that was signed',
    shows:
      'The message names the files that were changed, or are missing. `verify-report` ends with 1. Another version ' +
      'of `meshproof report` can write conformance.yaml differently.',
    fix: 'Do not rely on the report. Get the folder again from the one who signed it.',
  },
} as const satisfies Record<string, CodeEntry>
