/** What a machine of a group does when a release comes to it in place: the content of the fleet's own Run Command document. Pure. */
import { shellQuote } from "../shell.ts";
import { BEGIN, type BootArgs, FETCH, FUNCTIONS, INSTALL, machineSettings, WHO } from "./boot-script.ts";
import { type AddressKey, FIRST_BOOT, OWN_IN_PLACE, TELL_AUTHORITY, whoInPlace } from "./named-machine.ts";

/** What the document can be asked for, and the word that a machine answers with when it went well. */
export const ACTIONS = ["try", "renew", "confirm", "back"] as const;
export type Action = (typeof ACTIONS)[number];

/** `newborn`: its first boot is under way. `untried`: it came in between. `outside`: the release has nothing for a machine of its name. */
export const ANSWERS = ["trial", "renewed", "confirmed", "untried", "back", "newborn", "outside"] as const;
export type Answer = (typeof ANSWERS)[number];

/** What stands before a machine's answer, which is all that its standard output has. */
export const ANSWER_PREFIX = "fleetwright=";

/** A machine on trial that hears nothing for this long goes back by itself. */
export const TRIAL_LEASE_MS = 600_000;

/** More than all that `fleethost` and the fetching wait for together, each with a word of its own. */
const LONGEST_S = 3_600;

export interface InPlaceArgs extends Omit<BootArgs, "manifest" | "member"> {
  app: string;
  /** Of machines that have names. */
  named?: AddressKey | undefined;
  /** Another time until a machine on trial goes back by itself. For tests. */
  leaseMs?: number;
}

/** AWS checks the parameters before it sends anything: whoever may use this document can bring a fleet's releases, and run nothing else. */
export function inPlaceDocument(args: InPlaceArgs): string {
  const parameters = {
    action: { type: "String", description: "what to do", allowedValues: ACTIONS },
    manifest: { type: "String", description: "sha256 of the release's manifest", allowedPattern: "^[0-9a-f]{64}$" },
  };
  const inputs = { timeoutSeconds: String(LONGEST_S), runCommand: inPlaceScript(args).split("\n") };
  return JSON.stringify({
    schemaVersion: "2.2",
    description: "Fleetwright: brings a release to machines in place",
    parameters,
    mainSteps: [{ action: "aws:runShellScript", name: "release", inputs }],
  });
}

function inPlaceScript(args: InPlaceArgs): string {
  const { named } = args;
  return [
    "#!/bin/sh",
    "action={{ action }} manifest={{ manifest }}",
    `app=${shellQuote(args.app)} lease_ms=${args.leaseMs ?? TRIAL_LEASE_MS}`,
    machineSettings(args),
    'verdict="this machine keeps what it serves"',
    FUNCTIONS,
    ASKED,
    named === undefined ? NEWBORN : FIRST_BOOT,
    named === undefined ? TELL_NOTHING : TELL_AUTHORITY,
    DECIDED,
    BEGIN,
    named === undefined ? WHO : whoInPlace(named),
    FETCH,
    ...(named === undefined ? [] : [OWN_IN_PLACE]),
    INSTALL,
    TRY,
  ].join("\n");
}

/** All but `try` needs nothing of the bucket. A change's id is its manifest's: sent twice, it is the same change. */
const ASKED = String.raw`exec 3>&1 1>&2
apply_id=group-$(echo "$manifest" | cut -c1-12)
current=/opt/fleetwright/current/bin/fleethost
records=/var/lib/fleetwright/$app

answer() {
  echo "PREFIX$1" >&3
  exit 0
}

recorded() { grep -qsF "\"applyId\":\"$apply_id\"" "$@"; }

`.replaceAll("PREFIX", ANSWER_PREFIX);

/** One that came up on nothing yet has nothing to change. */
const NEWBORN = String.raw`[ -x "$current" ] || answer newborn
`;

/** Whoever asks a group asks its balancer. */
const TELL_NOTHING = String.raw`tell_authority() { :; }
`;

const DECIDED = String.raw`case $action in
renew)
  if recorded "$records/pending.json"; then "$current" renew --app "$app" --lease-ms "$lease_ms" || :; fi
  answer renewed
  ;;
confirm)
  alone
  recorded "$records/pending.json" "$records/state.json" || answer untried
  "$current" confirm --app "$app" --apply-id "$apply_id" ||
    refuse "the release can't be confirmed" "see the lines above, then run the same command again"
  tell_authority
  answer confirmed
  ;;
back)
  alone
  "$current" revert --app "$app" --apply-id "$apply_id" ||
    refuse "it can't go back" "see the lines above; it tries again by itself when its lease has run out"
  answer back
  ;;
esac
`;

/** What another release left on trial is nobody's any more: only one command of the fleet runs at a time. */
const TRY = String.raw`if [ -e "$records/pending.json" ] && ! recorded "$records/pending.json"; then
  "$current" revert --app "$app" || refuse "it can't go back to what was confirmed" "see the lines above"
fi
"$fleethost" stage --archive "/var/lib/fleetwright/incoming/$release.tar.gz" <"$work/input" ||
  refuse "the release can't be unpacked" "see the lines above; journalctl -b on the machine has more"
rm -f "/var/lib/fleetwright/incoming/$release.tar.gz"
"$fleethost" switch --apply-id "$apply_id" --lease-ms "$lease_ms" <"$work/input" ||
  refuse "the release does not come up" "see the lines above; journalctl -b on the machine has more"
# Nobody logs in to these machines: nothing of it could keep anybody out.
"$fleethost" harden <"$work/input" || refuse "the machine can't be made what the release asks for" "see the lines above"
say "release $(echo "$release" | cut -c1-12) is on trial"
answer trial
`;
