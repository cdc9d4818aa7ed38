/** Provider `ec2`: named machines in the zones of one region. */
import { z } from "zod";
import { nameSchema } from "../../../runtime/manifest.ts";
import { leaf } from "../leaf.ts";
import { bastionSchema } from "../login.ts";
import { port } from "../numbers.ts";
import { cidr, debianVersion, imageId, imagesSchema, instanceType, logsSchema, networkSchema, tagsSchema, zoneName } from "./common.ts";
import { ec2Findings } from "./ec2-rules.ts";
import { failoverSchema } from "./failover.ts";

const instanceSchema = z.strictObject({
  name: nameSchema,
  type: instanceType,
  /** Given, not dealt out: a list that gets shorter would otherwise move, and so replace, machines. */
  zone: zoneName.optional(),
  /** In place of the fleet's: a new one is tried, or brought in, machine by machine. */
  image: imageId.optional(),
  /** What is in its own image. */
  debian: debianVersion.optional(),
  diskGiB: z.int().min(8).max(16_384).default(16),
});

const sshSchema = z.strictObject({
  /** Who may come to port 22. */
  from: z.array(cidr).max(50).default([]),
  /** The port is closed to all but an EC2 Instance Connect Endpoint, the fleet's own or an existing VPC's; IAM says who may use it. */
  through: z.literal("instance-connect").optional(),
  bastion: bastionSchema.optional(),
  /** `admin` is the user of Debian's images; one with a password-less sudo. */
  user: z.string().min(1).default("admin"),
  port: port.default(22),
  publicKey: z.string().regex(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp256) [A-Za-z0-9+/]+=*( .*)?$/, 'a public key: "ssh-ed25519 AAAA…"'),
  privateKeyFile: z
    .string()
    .regex(/^(~\/|\/)/, 'a path from the root or from your home: "~/.ssh/id_ed25519"')
    .optional(),
});

const alarmsSchema = z.strictObject({
  topic: leaf(z.string().regex(/^arn:aws[a-z-]*:sns:/, "the ARN of an SNS topic")).optional(),
  email: z.email("an e-mail address, which AWS asks for its consent").optional(),
  cpuPercent: z.int().min(1).max(100).default(90),
  /** Of a machine's fullest disk, in bytes or in files. */
  diskPercent: z.int().min(1).max(99).default(85),
  /** Caddy renews with a third of a certificate's life left: of the shortest ordinary ones (45 days), with 15 days. */
  certificateDays: z.int().min(1).max(90).default(10),
});

export const dnsSchema = z.strictObject({
  /** Name of a public hosted zone in Route 53; the fleet's domains are in it. */
  zone: z.string().regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/, 'the name of a hosted zone, for example "example.org"'),
  ttlSeconds: z.int().min(30).max(86_400).default(60),
});

export const ec2Schema = z
  .strictObject({
    provider: z.literal("ec2"),
    network: networkSchema,
    instances: z.array(instanceSchema).min(1).max(1_000),
    images: imagesSchema,
    /** `ssh`: pushed to. `ssm`: port 22 is closed; machines fetch from a bucket, and are told to by Run Command. */
    delivery: z.enum(["ssh", "ssm"]).default("ssh"),
    /** Goes with `delivery: ssh`, and only with it. */
    ssh: sshSchema.optional(),
    /** What is in the images, for `delivery: ssm`: a release is built for its Python before a machine is there to be asked. */
    debian: debianVersion.optional(),
    /** `public`: HTTP and HTTPS from anywhere. `private`: from these ranges only, and no public address. */
    access: z.enum(["public", "private"]).default("public"),
    clients: z.array(cidr).max(50).default([]),
    elasticIps: z.boolean().default(false),
    terminationProtection: z.boolean().default(false),
    dns: dnsSchema.extend({ failover: failoverSchema.optional() }).optional(),
    alarms: alarmsSchema.optional(),
    logs: logsSchema.optional(),
    kmsKey: leaf(z.string().regex(/^(arn:aws[a-z-]*:kms:|alias\/)/, "the ARN of a KMS key")).optional(),
    tags: tagsSchema,
  })
  .superRefine((value, context) => {
    for (const finding of ec2Findings(value)) context.addIssue({ code: "custom", input: value, ...finding });
  });

export type Ec2Config = z.output<typeof ec2Schema>;

/** With delivery `ssh`. */
export type SshEc2Config = Ec2Config & { ssh: NonNullable<Ec2Config["ssh"]> };
export const isBySsh = (config: Ec2Config): config is SshEc2Config => config.ssh !== undefined;
