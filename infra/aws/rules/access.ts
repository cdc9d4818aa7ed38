/** Who may connect, and what an instance tells whoever is on it. */
import { each, type GraphResource, group, isOn, many } from "./graph.ts";

const PUBLIC_PORTS = [80, 443];

interface Opening {
  ranges: unknown[];
  from: unknown;
  to: unknown;
}

/** Only 80 and 443 may be open to everybody. */
export const openToAll = each("open-to-all", (resource) =>
  openings(resource)
    .filter(({ ranges, from, to }) => ranges.some(isEverywhere) && !(from === to && PUBLIC_PORTS.includes(Number(from))))
    .map(({ from, to }) => `lets everybody reach ${portsOf(from, to)}; name the ranges that may, or use port 80 or 443`),
);

/** Version 1 of the metadata service hands the role's credentials to whatever can make the app fetch a URL. */
export const metadata = each("imdsv2", ({ type, inputs }) => {
  if (type !== "aws:ec2/instance:Instance" && type !== "aws:ec2/launchTemplate:LaunchTemplate") return undefined;
  const { httpTokens, httpEndpoint } = group(inputs.metadataOptions);
  if (httpTokens === "required" || httpEndpoint === "disabled") return undefined;
  return 'allows version 1 of the metadata service; set metadataOptions.httpTokens to "required"';
});

function openings({ type, inputs }: GraphResource): Opening[] {
  switch (type) {
    case "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule":
      return [{ ranges: [inputs.cidrIpv4, inputs.cidrIpv6], from: inputs.fromPort, to: inputs.toPort }];
    case "aws:ec2/securityGroupRule:SecurityGroupRule":
      return inputs.type === "ingress" ? [openingOf(inputs)] : [];
    case "aws:ec2/securityGroup:SecurityGroup":
    case "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup":
      return many(inputs.ingress).map((rule) => openingOf(group(rule)));
    case "aws:rds/instance:Instance":
    case "aws:rds/clusterInstance:ClusterInstance":
      return isOn(inputs.publiclyAccessible) ? [{ ranges: ["0.0.0.0/0"], from: "the database", to: "the database" }] : [];
    default:
      return [];
  }
}

function openingOf(rule: Readonly<Record<string, unknown>>): Opening {
  return { ranges: [...many(rule.cidrBlocks), ...many(rule.ipv6CidrBlocks)], from: rule.fromPort, to: rule.toPort };
}

/** A range of no prefix is everybody, however it is written. */
const isEverywhere = (range: unknown): boolean => typeof range === "string" && range.trim().endsWith("/0");

function portsOf(from: unknown, to: unknown): string {
  if (from === undefined || Number(from) === -1) return "every port";
  return from === to ? `port ${String(from)}` : `ports ${String(from)} to ${String(to)}`;
}
