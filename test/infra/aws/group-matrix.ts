/** Groups of every kind, by what is special of them. */
/** The bucket in the other region. */
export const COPY = "arn:aws:s3:::copy";
const CERTIFICATE = "arn:aws:acm:eu-central-1:111122223333:certificate/c";
/** What is there already, as far as they are told of it. */
export const EXISTING = ["vpc-0a", "subnet-0a", "subnet-0b", "Z0EXISTING", "Z0BALANCER", CERTIFICATE, COPY];

/** Beside the sample `groupMachines`. */
export const groups: Record<string, object> = {
  "own network and certificate": {},
  "existing network, private": {
    network: { vpc: "vpc-0a", subnets: { "eu-central-1a": "subnet-0a", "eu-central-1b": "subnet-0b" } },
    access: "private",
    clients: ["10.0.0.0/8"],
    certificate: CERTIFICATE,
    dns: undefined,
  },
  "spot, alarms, logs, own key": {
    spot: { percent: 80, base: 1 },
    scaling: { requestsPerMinute: 3000 },
    alarms: { topic: "arn:aws:sns:eu-central-1:111122223333:alarms" },
    logs: { retentionDays: 90, kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/logs" },
    kmsKey: "arn:aws:kms:eu-central-1:111122223333:key/k",
    tags: { team: "web" },
  },
  "releases in place": { releases: "in-place", inPlace: { batch: 1 } },
  "the first of two regions": {
    dns: { zone: "example.org", failover: "primary" },
    key: { multiRegion: true },
    artifacts: { replicateTo: { bucket: COPY, region: "eu-west-1", kmsKey: "arn:aws:kms:eu-west-1:111122223333:key/mrk-1" } },
    protect: true,
  },
  "the second of two regions, waiting": {
    network: { cidr: "10.82.0.0/16", subnets: { "eu-west-1a": "10.82.0.0/24", "eu-west-1b": "10.82.1.0/24" } },
    dns: { zone: "example.org", failover: "secondary" },
    key: { replicaOf: "arn:aws:kms:eu-central-1:111122223333:key/mrk-0123456789abcdef" },
    standby: true,
    protect: true,
  },
};
