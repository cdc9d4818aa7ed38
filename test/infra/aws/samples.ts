/** Configurations that are right, to be changed by a test. */

export function ec2Machines() {
  return {
    provider: "ec2" as const,
    network: { subnets: { "eu-central-1a": "10.80.0.0/24", "eu-central-1b": "10.80.1.0/24" } as Record<string, string> },
    instances: [
      { name: "web-1", type: "m7i.large", zone: "eu-central-1a" },
      { name: "web-2", type: "m7g.large", zone: "eu-central-1b" },
    ],
    images: { x64: "ami-0123456789abcdef0", arm64: "ami-0fedcba9876543210" },
    ssh: {
      from: ["203.0.113.0/24"],
      publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUUmXRkXMRmYRHEkbkRwmDFpsP9bBLLqUAWPlBdyXm",
      privateKeyFile: "~/.ssh/id_ed25519",
    },
  };
}

export function groupMachines() {
  return {
    provider: "autoscaling" as const,
    network: { subnets: { "eu-central-1a": "10.80.0.0/24", "eu-central-1b": "10.80.1.0/24" } as Record<string, string> },
    image: "ami-0fedcba9876543210",
    types: ["m7g.large", "m6g.large"],
    capacity: { min: 2, max: 6 },
    dns: { zone: "example.org" } as { zone: string } | undefined,
  };
}

/** By Run Command, with port 22 closed. */
export function namedMachines() {
  const { ssh: _ssh, ...machines } = ec2Machines();
  return { ...machines, delivery: "ssm" as const };
}
