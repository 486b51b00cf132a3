import type { CodeEntry } from './entry.ts'

/** Errors of the machine and its container engine. */
export const machineCodes = {
  'MP-201': {
    cause: 'the container engine does not answer',
    shows:
      'The docker program is missing, cannot reach its engine, or takes longer than 10 s. A check that meets this ' +
      'is “not run”.',
    fix: 'Run the same command again once `docker info` answers. `meshproof doctor` shows what meshproof finds.',
  },
  'MP-202': {
    cause: 'the container engine refused a command',
    shows: 'The message names the command and holds the engine’s words. A check that meets this is “not run”.',
    fix: 'Do what the engine’s words ask for. `meshproof doctor` shows the engine’s state.',
  },
  'MP-203': {
    cause: 'there is no container engine, and meshproof installs none here',
    shows: 'No engine answers. meshproof installs one as root on a Debian-family system alone.',
    fix: 'Start or install an engine; the message holds the command for this machine.',
  },
  'MP-204': {
    cause: 'the Docker engine was started and does not answer',
    shows:
      'meshproof started the engine, and it did not answer within 60 s. The message names its log and the last ' +
      'line of it.',
    fix: 'Read that log. `meshproof doctor` shows the machine’s state.',
  },
  'MP-205': {
    cause: 'the engine cannot start privileged containers',
    shows:
      'The host does not grant all capabilities, as in a container without privileges of its own; the nodes of a ' +
      'lab need them.',
    fix:
      'Stop this engine and run again as root: meshproof then starts it with a runtime that leaves those ' +
      'capabilities out.',
  },
  'MP-206': {
    cause: 'packages of the distribution could not be installed',
    shows: 'The message names the packages and holds apt’s own words.',
    fix: 'Check that this machine reaches its package servers, or install the packages by hand as the message says.',
  },
  'MP-207': {
    cause: 'the disk is nearly full',
    shows:
      'Less than 4 GB are free where the engine keeps its data, or where the cache is. A node whose disk fills up ' +
      'looks like a broken mesh.',
    fix: 'Free some space; `docker system df` shows what the engine holds. Or point XDG_CACHE_HOME to another disk.',
  },
  'MP-208': {
    cause: 'no lab can be made with this container engine',
    shows:
      'Podman answers in place of Docker, or a rootless engine lacks what kind needs. The message names the engine ' +
      'and what it lacks.',
    fix: 'Use a Docker engine that runs as root. `meshproof doctor` shows which engine answers.',
  },
  'MP-209': {
    cause: 'the kernel has too few inotify instances for a lab',
    shows:
      'The programs of a node take 26 of them under root, and die while they start when there are none left. The ' +
      'message says how many are in use.',
    fix:
      'Allow more with `sysctl fs.inotify.max_user_instances=512`, or remove other clusters. `meshproof doctor` ' +
      'shows the limit.',
  },
  'MP-301': {
    cause: 'the cache folder cannot be written',
    shows: 'The message names the folder and the words of the operating system.',
    fix: 'Make it writable, or point XDG_CACHE_HOME at a folder that is.',
  },
} as const satisfies Record<string, CodeEntry>
