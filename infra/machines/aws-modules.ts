/**
 * The providers on AWS, loaded when one is chosen: Pulumi's SDK for AWS is large, and nobody else needs it installed. At once, not
 * awaited: a component makes its resources in its constructor.
 */
import { createRequire } from "node:module";
import { extname } from "node:path";
import { exitCodes, FleetError } from "../errors.ts";

const require = createRequire(import.meta.url);

/** @throws FleetError when a package that it needs isn't installed */
export function ec2Provider(): typeof import("./ec2.ts") {
  return load("./ec2", ["@aws-sdk/client-ec2"]) as typeof import("./ec2.ts");
}

/** @throws FleetError when a package that it needs isn't installed */
export function groupProvider({ releases }: { releases: "refresh" | "in-place" }): typeof import("../group-fleet.ts") {
  const packages = ["@aws-sdk/client-auto-scaling", "@aws-sdk/client-ec2", ...(releases === "in-place" ? ["@aws-sdk/client-ssm"] : [])];
  return load("../group-fleet", packages) as typeof import("../group-fleet.ts");
}

/** @throws FleetError when a package that it needs isn't installed */
export function namedProvider(): typeof import("../named-fleet.ts") {
  // The first is of what groups and these machines have in common.
  const packages = ["@aws-sdk/client-auto-scaling", "@aws-sdk/client-ec2", "@aws-sdk/client-ssm"];
  return load("../named-fleet", packages) as typeof import("../named-fleet.ts");
}

/**
 * @param module without its extension: it is TypeScript in the clone and JavaScript in the package
 * @param packages what its commands need beside Pulumi's SDK for AWS, looked for before anything is made
 */
function load(module: string, packages: readonly string[]): unknown {
  try {
    for (const name of packages) require.resolve(name);
    return require(`${module}${extname(import.meta.url)}`);
  } catch (error) {
    const missing = missingPackage(error);
    if (missing === undefined) throw error;
    throw new FleetError(`machines on AWS need the package ${missing}, which isn't installed.`, {
      kept: "everything; nothing was created or changed.",
      next: `npm install ${["@pulumi/aws", ...packages].join(" ")}`,
      exitCode: exitCodes.usage,
    });
  }
}

/** The package of AWS's that wasn't found; undefined for any other failure. Pure. */
export function missingPackage(error: unknown): string | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") return undefined;
  return /Cannot find (?:package|module) '(@(?:pulumi\/aws|aws-sdk\/[a-z0-9-]+))/.exec(message)?.[1];
}
