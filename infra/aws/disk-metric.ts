/**
 * How full a machine's disks are, told to CloudWatch by the machine itself, as AWS can't see it. A few lines with what the image has
 * (df, curl, a timer) instead of an agent of a hundred megabytes. Pure.
 */
import { shellQuote } from "../shell.ts";
import { type Scope, tagsOf } from "./scope.ts";

export interface DiskMetric {
  /** Whose disks they are: all machines of a fleet count as one, of which the fullest disk matters. */
  dimensions: Readonly<Record<"Fleet" | "Stack", string>>;
}

export const DISK_NAMESPACE = "Fleetwright";
export const DISK_METRIC = "DiskUsedPercent";

/** As on the fleet's tags. */
export function diskMetricOf(scope: Scope): DiskMetric {
  const tags = tagsOf(scope, scope.fleet);
  return { dimensions: { Fleet: scope.fleet, Stack: tags["fleetwright:stack"] ?? "" } };
}

const UNIT = "fleetwright-disk-metric";
const PROGRAM = `/usr/local/sbin/${UNIT}`;

interface Place {
  region: string;
  /** The metadata service's URL, and CloudWatch's. */
  metadata: string;
  metrics: string;
}

/** The part of the boot script that installs it and starts the timer; what goes wrong there stops nothing. */
export function installDiskMetric({ dimensions }: DiskMetric, place: Place): string {
  const units = `/etc/systemd/system/${UNIT}`;
  const files = { [PROGRAM]: program(dimensions, place), [`${units}.service`]: SERVICE, [`${units}.timer`]: TIMER };
  return [
    "(\numask 022",
    ...Object.entries(files).map(([path, text]) => `cat >${path} <<'END_OF_FILE'\n${text}END_OF_FILE`),
    `chmod 755 ${PROGRAM} && systemctl daemon-reload && systemctl enable --quiet --now ${UNIT}.timer`,
    `) || say "CloudWatch won't be told how full the disks are: see the lines above"`,
  ].join("\n");
}

/** The query protocol, as curl can sign and escape it. */
function program(dimensions: DiskMetric["dimensions"], { region, metadata, metrics }: Place): string {
  const given = fields(dimensions).map((field) => `  --data-urlencode ${shellQuote(field)} \\\n`);
  return String.raw`#!/bin/sh
# Fleetwright: how full the fullest of this machine's disks is, in bytes or in files.
set -eu
umask 077
cd "$RUNTIME_DIRECTORY"
metadata=${metadata}
used=$(df --output=pcent,ipcent / /var /srv | tr -cs '0-9' '\n' | sort -n | tail -n 1)
ask() { curl -sS --fail-with-body --max-time 20 --retry 2 "$@"; }
ask -o token -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60" "$metadata/latest/api/token"
role=$(ask -H "X-aws-ec2-metadata-token: $(cat token)" "$metadata/latest/meta-data/iam/security-credentials/")
ask -o credentials -H "X-aws-ec2-metadata-token: $(cat token)" "$metadata/latest/meta-data/iam/security-credentials/$role"
field() { sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p' credentials; }
cat >login <<END
user = "$(field AccessKeyId):$(field SecretAccessKey)"
header = "x-amz-security-token: $(field Token)"
END
ask --config login --aws-sigv4 "aws:amz:${region}:monitoring" -H "content-type: application/x-www-form-urlencoded" \
${given.join("")}  --data-urlencode "MetricData.member.1.Value=$used" ${metrics}/ >answer || { cat answer >&2; exit 1; }
`;
}

/** All but the value. */
function fields(dimensions: DiskMetric["dimensions"]): string[] {
  const first = "MetricData.member.1";
  return [
    "Action=PutMetricData",
    "Version=2010-08-01",
    `Namespace=${DISK_NAMESPACE}`,
    `${first}.MetricName=${DISK_METRIC}`,
    `${first}.Unit=Percent`,
    ...Object.entries(dimensions).flatMap(([name, value], index) => [
      `${first}.Dimensions.member.${index + 1}.Name=${name}`,
      `${first}.Dimensions.member.${index + 1}.Value=${value}`,
    ]),
  ];
}

const SERVICE = `[Unit]
Description=Fleetwright: tell CloudWatch how full the disks are
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=${PROGRAM}
DynamicUser=yes
RuntimeDirectory=${UNIT}
TimeoutStartSec=120
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallFilter=@system-service
`;

const TIMER = `[Unit]
Description=Fleetwright: tell CloudWatch how full the disks are

[Timer]
OnActiveSec=1s
OnUnitInactiveSec=5min
AccuracySec=20s

[Install]
WantedBy=timers.target
`;
