/** The user data of a group's machines: fetches what the manifest names, by the machine's own role, and runs `fleethost apply`. Pure. */
import { incomingPath, installRuntimeScript } from "../rollout/commands.ts";
import { shellQuote } from "../shell.ts";
import { SSM_AGENT, SSM_AGENT_AT_LAST, SSM_AGENT_FIRST } from "./managed-node.ts";
import { type BootMember, OWN_AT_BOOT, whoAtBoot } from "./named-machine.ts";
import { METADATA, serviceUrl } from "./places.ts";

export interface BootArgs {
  bucket: string;
  region: string;
  /** sha256 of the group's manifest: the only thing that differs from release to release. Undefined: the fleet's record names it. */
  manifest: string | undefined;
  /** Of a machine that has a name. @default the instance's id is its name, and nobody but a balancer reaches it */
  member?: BootMember | undefined;
  /** Where things are, if not at AWS. For tests. */
  endpoints?: Endpoints;
}

/** Key of the object that says which release the fleet is on, where that isn't the launch template's to say. */
export const RECORD_KEY = "fleet/manifest";

const INCOMING = incomingPath("").replace(/\/[^/]*$/, "");

export interface Endpoints {
  metadata: string;
  /** The bucket's URL. */
  archives: string;
  /** Secrets Manager. */
  secrets: string;
  /** Systems Manager, with its parameters. */
  parameters: string;
  /** Where AWS has the agent of Systems Manager for Debian. */
  ssmAgent: string;
}

export function bootScript(args: BootArgs): string {
  const { manifest, member } = args;
  return [
    "#!/bin/sh",
    manifest === undefined
      ? "# Fleetwright: what this machine is to run, the fleet's record says, which is in the bucket."
      : "# Fleetwright: what this machine is to run. From release to release only the next line differs.",
    `manifest=${manifest ?? ""}`,
    machineSettings(args),
    'verdict="this machine does not serve"',
    FUNCTIONS,
    BEGIN,
    ...(manifest === undefined ? [SSM_AGENT] : []),
    ...(member === undefined ? [WHO] : [SSM_AGENT_FIRST, whoAtBoot(member)]),
    FETCH,
    ...(member === undefined ? [] : [OWN_AT_BOOT]),
    INSTALL,
    APPLY,
    ...(manifest === undefined ? [SSM_AGENT_AT_LAST] : []),
  ].join("\n");
}

type Place = Pick<BootArgs, "bucket" | "region" | "endpoints">;

/** Where a machine finds what it needs. */
export function machineSettings({ bucket, region, endpoints = awsEndpoints(bucket, region) }: Place): string {
  const { metadata, archives, secrets, parameters, ssmAgent } = endpoints;
  return [
    `region=${region} archives=${archives} secrets=${secrets} parameters=${parameters} metadata=${metadata}`,
    `ssm_agent=${ssmAgent}`,
    `install=${shellQuote(installRuntimeScript("$runtime", "$bundle"))}`,
  ].join("\n");
}

function awsEndpoints(bucket: string, region: string): Endpoints {
  return {
    metadata: METADATA,
    archives: serviceUrl(`${bucket}.s3`, region),
    secrets: serviceUrl("secretsmanager", region),
    parameters: serviceUrl("ssm", region),
    // Systems Manager guide, "Manually installing SSM Agent on Debian Server instances".
    ssmAgent: `${serviceUrl("s3", region)}/amazon-ssm-${region}/latest`,
  };
}

/**
 * For dash. curl signs requests itself since 7.75; Debian 12's leaves the payload's hash, which S3 asks for, to whoever calls it.
 * What is secret is in files that only root reads, never among a command's arguments.
 */
export const FUNCTIONS = String.raw`set -u
umask 077
work=/run/fleetwright-boot
# In all, a failure that may pass is waited for this long.
patience_s=600

say() { echo "fleetwright: $*" >&2; }

refuse() {
  say "$verdict: $1"
  say "what to do: $2"
  exit 1
}

# Repeats what may pass (status 1), with longer and longer pauses, and not what won't (9).
persist() {
  pause_s=1
  until "$@"; do
    status=$?
    if [ $status = 9 ]; then return 9; fi
    if [ "$patience_s" -le 0 ]; then return 1; fi
    say "trying again in $pause_s s"
    sleep $pause_s
    patience_s=$((patience_s - pause_s))
    pause_s=$((pause_s * 2))
    if [ $pause_s -gt 30 ]; then pause_s=30; fi
  done
}

# ask WHAT FILE CURL-ARGUMENTS…: the answer into a file.
ask() {
  what=$1 file=$2
  shift 2
  code=$(curl -sS --connect-timeout 5 --speed-limit 1000 --speed-time 30 -o "$file" -w '%{http_code}' "$@" 2>"$work/curl") || {
    say "$what: $(cat "$work/curl")"
    return 1
  }
  answer="HTTP $code $(grep -aoE '(<Code>|"__type": *")[A-Za-z#.]+' "$file" 2>/dev/null | grep -oE '[A-Za-z]+$' | tail -n 1)"
  case $answer in
  "HTTP 200 "*) return 0 ;;
  *" 408 "* | *" 429 "* | *" 5"* | *Throttl*) say "$what: $answer"; return 1 ;;
  *) say "$what: $answer"; return 9 ;;
  esac
}

# Version 2 of the metadata service: a token first. It has no role's credentials in an instance's first moments: that may pass.
metadata() {
  ask "metadata service" "$work/token" --max-time 30 -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 300" \
    "$metadata/latest/api/token" || return 1
  ask "metadata service, $1" "$2" --max-time 30 -H "X-aws-ec2-metadata-token: $(cat "$work/token")" \
    "$metadata/latest/meta-data/$1" || return 1
}

known() {
  persist metadata "$1" "$2" ||
    refuse "the metadata service doesn't tell $1" "see that the instance has its profile, and that the service is on"
}

field() { sed -n 's/.*"'"$2"'" *: *"\([^"]*\)".*/\1/p' "$1"; }

# What every signed request has.
log_in() {
  known iam/security-credentials/ "$work/role"
  known "iam/security-credentials/$(head -n 1 "$work/role")" "$work/credentials"
  cat >"$work/login" <<END
user = "$(field "$work/credentials" AccessKeyId):$(field "$work/credentials" SecretAccessKey)"
header = "x-amz-security-token: $(field "$work/credentials" Token)"
END
}

# Of no payload.
nothing=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

# fetch KEY SHA256 FILE: an object, whole and as it was named.
fetch() {
  persist ask "$archives/$1" "$3" --config "$work/login" --aws-sigv4 "aws:amz:$region:s3" \
    -H "x-amz-content-sha256: $nothing" "$archives/$1" ||
    refuse "$1 can't be fetched ($answer)" "see that it is in the bucket, and that the machine's role may read it; run pulumi up again"
  echo "$2  $3" | sha256sum -c --status - ||
    refuse "$1 is not what its name says: its sha256 is $(sha256sum <"$3" | cut -d' ' -f1)" \
      "remove it from the bucket and run pulumi up again"
}

# read_secret FILE SERVICE TARGET NAMES BODY: a value that is kept at AWS, or several.
read_secret() {
  case $2 in ssm) kept=$parameters ;; *) kept=$secrets ;; esac
  persist ask "$2" "$work/secrets/$1" --config "$work/login" --aws-sigv4 "aws:amz:$region:$2" \
    -H "content-type: application/x-amz-json-1.1" -H "x-amz-target: $3" -d "$5" "$kept/" ||
    refuse "the app's secrets can't be read: $4 ($2, $answer)" "see that there is $5, and that the machine's role may read it"
}

# One at a time: this script at the boot, and what is sent to the machine later.
alone() {
  exec 9>/run/fleetwright-script.lock
  flock -w 1500 9 || refuse "another change of this machine doesn't end" "see journalctl -b on the machine, then run the same command again"
}

# Which release the fleet is on, where that isn't the launch template's to say.
find_manifest() {
  persist ask "the fleet's record" "$work/record" --config "$work/login" --aws-sigv4 "aws:amz:$region:s3" \
    -H "x-amz-content-sha256: $nothing" "$archives/${RECORD_KEY}" ||
    refuse "which release the fleet is on can't be read ($answer)" "run pulumi up again; it writes ${RECORD_KEY} into the bucket"
  manifest=$(grep -xE '[0-9a-f]{64}' "$work/record") ||
    refuse "the fleet's record is not understood" "remove ${RECORD_KEY} from the bucket and run pulumi up again"
}
`;

export const BEGIN = String.raw`command -v curl >/dev/null || refuse "the image has no curl" "use one that has it, as Debian's own"
alone
trap 'rm -rf "$work"' EXIT
mkdir -p "$work" INCOMING
`.replaceAll("INCOMING", INCOMING);

/** A machine of a group: \`$name\`, and the file with its address. */
export const WHO = String.raw`known instance-id "$work/id"
known local-ipv4 "$work/address"
name=$(cat "$work/id")
`;

/** What all of the fleet are to run: \`$work/manifest\`. */
export const FETCH = String.raw`log_in
if [ -z "$manifest" ]; then find_manifest; fi
fetch "manifests/$manifest" "$manifest" "$work/manifest"
`;

/** Up to this machine's own manifest, in \`$work/input\`. */
export const INSTALL = String.raw`hash='"\([0-9a-f]\{64\}\)"'
front='^{"schema":1,"runtime":{"id":'$hash',"sha256":'$hash'[^}]*},"release":{"sha256":'$hash
set -- $(sed -n "s/$front.*/\1 \2 \3/p" "$work/manifest")
[ $# = 3 ] || refuse "the group's manifest is not understood" "run pulumi up again, with the Fleetwright that made this template"
runtime=$1 bundle=$2 release=$3
say "fetching the runtime and the release"
if [ ! -d "/opt/fleetwright/runtime/$runtime" ]; then fetch "archives/$bundle" "$bundle" "INCOMING/$bundle.tar.gz"; fi
export runtime bundle
sh -c "$install" || refuse "the runtime bundle can't be installed" "see the lines above, and that the disk has room"
fetch "archives/$release" "$release" "INCOMING/$release.tar.gz"
fleethost=/opt/fleetwright/runtime/$runtime/bin/fleethost
mkdir -p "$work/secrets"
"$fleethost" secret-reads --group "$work/manifest" >"$work/reads" || refuse "the group's manifest is not understood" "see the lines above"
while read -r file service target names body; do read_secret "$file" "$service" "$target" "$names" "$body"; done <"$work/reads"
"$fleethost" member --group "$work/manifest" --name "$name" --address "$(cat "$work/address")" --secrets "$work/secrets" \
  >"$work/input" ||
  refuse "its manifest can't be made" "see the lines above"
`.replaceAll("INCOMING", INCOMING);

const APPLY =
  String.raw`"$fleethost" apply --apply-id "boot-$(echo "$manifest" | cut -c1-12)" --archive "INCOMING/$release.tar.gz" <"$work/input" ||
  refuse "the release does not come up" "see the lines above; journalctl -b on the machine has more"
rm -f "INCOMING/$release.tar.gz"
say "this machine serves release $(echo "$release" | cut -c1-12)"
`.replaceAll("INCOMING", INCOMING);
