/** Where a machine serves, before it can be asked. */
import * as pulumi from "@pulumi/pulumi";
import type { HttpsConfig } from "./config/https.ts";
import { namesOf } from "./config/https-names.ts";

/** @param address what it is reached by, where it has no name */
export function urlsOf(https: HttpsConfig, machine: string, address: pulumi.Input<string>): pulumi.Output<string> {
  const { mode, httpPort, httpsPort } = https;
  const [domain] = namesOf(https, machine).domains;
  const [scheme, port, usual] = mode === "none" ? ["http", httpPort, 80] : ["https", httpsPort, 443];
  const suffix = port === usual ? "" : `:${port}`;
  return pulumi.output(mode === "acme" && domain !== undefined ? domain : address).apply((host) => `${scheme}://${host}${suffix}`);
}
