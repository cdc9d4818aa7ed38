/**
 * The gate: the one program that the deploy user may run as root. A POSIX shell script, so that a security team can read all of it.
 * Pure.
 */
import {
  CURRENT_AGENT,
  decideScript,
  forgetScript,
  incomingPath,
  installRuntimeScript,
  knockScript,
  receiveScript,
  RUNTIME_FOLDER,
  SECRET_KEY_FILE,
  useRuntimeScript,
} from "../rollout/machine-scripts.ts";
import { gateTable } from "./gate-table.ts";
import { DEPLOY_USER, RUNTIMES_FILE } from "./place.ts";

/** Exit code of a refusal: EX_NOPERM of sysexits(3). */
export const GATE_REFUSED = 77;

/** Every value is looked at as a whole by the shell itself: a tool that reads lines would let one through behind a line break. */
const CHECKS = `
of() { case $1 in '' | *[!$2]*) return 1 ;; esac; [ \${#1} -le "$3" ]; }

fits() {
  case $1 in
    sha256) of "$2" 0-9a-f 64 && [ \${#2} -eq 64 ] ;;
    name) of "$2" a-z0-9- 24 && case $2 in [a-z]*) ;; *) return 1 ;; esac ;;
    id) of "$2" A-Za-z0-9- 64 && case $2 in -*) return 1 ;; esac ;;
    number) of "$2" 0-9 9 ;;
    text) case $2 in '' | -* | *[[:cntrl:]]*) return 1 ;; esac; [ \${#2} -le 200 ] ;;
    time) of "$2" 'A-Za-z0-9 :.,+@-' 40 ;;
    archive) sum=\${2##*/}; sum=\${sum%.tar.gz}; fits sha256 "$sum" && [ "$2" = ${incomingPath("$sum")} ] ;;
    surge) case $2 in auto | one) ;; *) return 1 ;; esac ;;
    state) case $2 in started | done | failed | died) ;; *) return 1 ;; esac ;;
    *) return 1 ;;
  esac
}

need() { fits "$1" "$2" || refuse "an argument that isn't a $1"; }
words() { [ "$1" -eq "$2" ] || refuse "another number of arguments than $2"; }
installed() { [ -x ${RUNTIME_FOLDER}/"$1"/bin/fleethost ] || refuse "runtime $1, which isn't installed"; }
allowed() {
  grep -qxF -e "$1 $2" -e any ${RUNTIMES_FILE} ||
    refuse "runtime $1, which an administrator of this machine hasn't allowed yet: fleet deploy-user MACHINE"
}
`;

const AGENT = `
inspect() {
  command=$1
  shift
  case $command in ${Object.keys(gateTable).join(" | ")}) ;; *) refuse "a command that isn't for the deploy user" ;; esac
  while [ $# -gt 0 ]; do
    option=\${1%%=*}
    kind_of "$command $option"
    if [ "$kind" = flag ]; then
      [ "$1" = "$option" ] || refuse "$command with a value for $option"
    elif [ "$1" = "$option" ]; then
      [ $# -gt 1 ] || refuse "$command $option without a value"
      shift
      fits "$kind" "$1" || refuse "$command $option with something that isn't a $kind"
    else
      fits "$kind" "\${1#*=}" || refuse "$command $option with something that isn't a $kind"
    fi
    shift
  done
}

run_agent() {
  [ $# -ge 2 ] || refuse "the agent without a command"
  if [ "$1" = current ]; then agent=${CURRENT_AGENT}; else need sha256 "$1"; installed "$1"; agent=${RUNTIME_FOLDER}/$1/bin/fleethost; fi
  shift
  inspect "$@"
  exec "$agent" "$@"
}
`;

/** Bumped when rollouts need something of the gate that those before haven't. */
export const GATE_VERSION = 1;

/** The whole script. It takes nothing from its caller's environment, which sudo has cleared, too. */
export function gateScript(): string {
  return `#!/bin/sh
# Fleetwright's gate: all that user ${DEPLOY_USER} may do as root. \`fleet deploy-user\` wrote it, and writes it anew.
set -eu
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
cd /

refuse() {
  printf 'fleetwright-gate: refused: %s\\n' "$1" >&2
  exit ${GATE_REFUSED}
}
${CHECKS}
${kindOf()}${AGENT}
[ $# -gt 0 ] || refuse "nothing to do"
operation=$1
shift
case $operation in
  version) words $# 0; echo ${GATE_VERSION} ;;
  secret-key) words $# 0; if [ -e ${SECRET_KEY_FILE} ]; then cat ${SECRET_KEY_FILE}; fi ;;
  receive) words $# 1; need sha256 "$1"; sha=$1; ${receiveScript("$sha")} ;;
  install) words $# 2; need sha256 "$1"; need sha256 "$2"; id=$1 sha=$2; allowed "$id" "$sha"; ${installRuntimeScript("$id", "$sha")} ;;
  use) words $# 1; need sha256 "$1"; installed "$1"; id=$1; ${useRuntimeScript("$id")} ;;
  forget) for sha in "$@"; do need sha256 "$sha"; ${forgetScript("$sha")}; done ;;
  decide) words $# 2; need name "$1"; need id "$2"; ${decideScript('"$1"', '"$2"')} ;;
  knock) words $# 1; need id "$1"; id=$1; ${knockScript("$id")} ;;
  agent) run_agent "$@" ;;
  *) refuse "an operation that it doesn't know; if Fleetwright was updated: fleet deploy-user MACHINE" ;;
esac
`;
}

/** Which kind of value an option of a command has: the table as shell. */
function kindOf(): string {
  const cases = Object.entries(gateTable).flatMap(([command, options]) =>
    Object.entries(options).map(([option, kind]) => `    "${command} ${option}") kind=${kind} ;;`),
  );
  return ["kind_of() {", "  case $1 in", ...cases, `    *) refuse "an option that it doesn't know" ;;`, "  esac", "}", ""].join("\n");
}
