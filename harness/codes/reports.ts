import type { CodeEntry } from './entry.ts'

/** Errors of report folders: where a run writes, and what `report` reads. */
export const reportCodes = {
  'MP-104': {
    cause: 'the report folder exists and is not empty',
    shows: 'The run ends before anything is made: the folder belongs to another run.',
    fix: 'Name another folder with --report-dir, or remove that one.',
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
  'MP-119': {
    cause: 'a run has not ended',
    shows:
      'results.json holds what is known so far: the run goes on, or it was killed. What it has not reached is ' +
      '`not-run`. At its end the run replaces the file.',
    fix:
      'Wait for the end of the run: `meshproof report --watch FOLDER`. `meshproof down` removes what a killed run ' +
      'left.',
  },
  'MP-127': {
    cause: '`history` found no results of a run',
    shows: 'No results.json in the folders, or below them, can be shown. The message says why the first one cannot.',
    fix: 'Name report folders, or a folder that holds them: meshproof history reports',
  },
} as const satisfies Record<string, CodeEntry>
