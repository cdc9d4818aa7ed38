import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFleet } from "../../../../infra/config/parse.ts";
import { ec2Machines, namedMachines } from "../../aws/samples.ts";
import { problemLines } from "../problem-lines.ts";

const secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-AbCd12";

function problems({ machines = {}, app = {}, ...more }: { machines?: object; app?: object } & Record<string, object>): string[] {
  return problemLines(() => parseFleet("web", { app: { dir: "app", ...app }, machines: { ...namedMachines(), ...machines }, ...more }));
}

test("machines that fetch what they run need no word of SSH, and may read their secrets themselves", () => {
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems({ machines: { debian: 12 }, app: { secrets: { DB: { secretsManager: secret } } } }), []);
  const domains = ["{machine}.example.org"];
  assert.deepEqual(problems({ https: { mode: "acme", acme: { email: "ops@example.org" }, domains }, rollout: { batch: 1 } }), []);
});

const acme = { email: "ops@example.org" };
const acmeWith = (more: object) => ({ https: { mode: "acme", acme: { ...acme, ...more }, domains: ["{machine}.example.org"] } });
const key = "-----BEGIN PRIVATE KEY-----\nMC4CAQ==\n-----END PRIVATE KEY-----\n";
const own = { mode: "own", own: { certificate: Promise.resolve(""), key: Promise.resolve("") }, domains: ["app.example.org"] };

const refused: [string, Parameters<typeof problems>[0], RegExp][] = [
  [
    "SSH beside Run Command",
    { machines: { ssh: ec2Machines().ssh } },
    /^machines\.ssh: has no use with "delivery: ssm": port 22 is closed/,
  ],
  ["no way at all", { machines: { delivery: "ssh" } }, /^machines\.ssh: missing; .*or give "delivery: ssm"/],
  ["another delivery", { machines: { delivery: "scp" } }, /^machines\.delivery: given "scp"; allowed: "ssh"/],
  [
    "what is in the image, by SSH",
    { machines: { ...ec2Machines(), delivery: "ssh", debian: 12 } },
    /^machines\.debian: is for "delivery: ssm"/,
  ],
  [
    "what is in a machine's image, by SSH",
    {
      machines: { ...ec2Machines(), delivery: "ssh", instances: [{ name: "web-1", type: "m7i.large", zone: "eu-central-1a", debian: 12 }] },
    },
    /^machines\.instances\.0\.debian: is for "delivery: ssm"/,
  ],
  ["a key by an alias", { machines: { kmsKey: "alias/web" } }, /^machines\.kmsKey: is an alias; .*the ARN of the key itself/],
  ["a certificate of one's own", { https: own }, /^https\.mode: "own" needs a private key.*"machines\.delivery: ssh", or "acme"/],
  ["an issuer that asks for a key", acmeWith({ eab: { keyId: "k", hmacKey: "a2V5" } }), /^https\.acme\.eab: has a key/],
  ["an account's key", acmeWith({ accountKey: key }), /^https\.acme\.accountKey: is a private key/],
  ["a step of one machine", { app: { once: [{ name: "migrate", command: ["true"] }] } }, /^app\.once: .*run the step in your pipeline/],
  ["a machine to leave out", { rollout: { skip: ["web-1"] } }, /^rollout\.skip: leaves a machine out/],
  ["machines that may be out of reach", { rollout: { maxUnreachable: 1 } }, /^rollout\.maxUnreachable: leaves machines out/],
  ["a pause between batches", { rollout: { pauseMs: 1_000 } }, /^rollout\.pauseMs: has no use/],
  ["restarts by themselves", { hardening: { reboots: { days: ["sun"], from: "03:00", to: "05:00" } } }, /^hardening\.reboots: /],
  ["upgrades that have to be", { hardening: { upgrades: true } }, /^hardening\.upgrades: is proved by a new login/],
  [
    "one name on two machines, by an issuer",
    { https: { mode: "acme", acme, domains: ["app.example.org"] } },
    /^https\.domains: app\.example\.org would be on 2 machines/,
  ],
  [
    "a secret of another region",
    { app: { secrets: { DB: { secretsManager: secret.replace("eu-central-1", "eu-west-1") } } } },
    /^app\.secrets\.DB\.secretsManager: is in eu-west-1, and the machines in eu-central-1/,
  ],
];

for (const [what, args, expected] of refused) {
  test(`refused by key path: ${what}`, () => {
    const found = problems(args);
    assert.match(found.join("\n"), new RegExp(expected.source, "m"));
    assert.equal(found.length, 1, found.join("\n"));
  });
}
