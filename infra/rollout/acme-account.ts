/** The key of the fleet's account with its ACME issuer: made once, kept in the stack's state as a secret. */
import { generateKeyPairSync } from "node:crypto";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { HttpsConfig } from "../config/https.ts";
import { nodeCommand } from "../shell.ts";

/** Issuers limit new accounts by address; a machine that shows this key is let into the account. Undefined when the mode needs none. */
export function acmeAccountKey(parent: pulumi.Resource, fleet: string, { mode, acme }: HttpsConfig): pulumi.Output<string> | undefined {
  if (mode !== "acme" || acme === undefined) return undefined;
  if (acme.accountKey !== undefined) return pulumi.secret(acme.accountKey);
  const made = new command.local.Command(
    `${fleet}-acme-account`,
    {
      create: nodeCommand("../cli/main", import.meta.url, "acme-key"),
      logging: command.local.Logging.None,
      addPreviousOutputInEnv: false,
    },
    // Another place of the module must not mean another key.
    { parent, additionalSecretOutputs: ["stdout"], ignoreChanges: ["create"] },
  );
  return pulumi.secret(made.stdout);
}

/** A new key, in PEM, as every issuer takes it. */
export function newAccountKey(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "sec1", format: "pem" }).toString();
}
