/** Renders the part of Caddy's configuration that says where certificates come from. Pure. */
import type { Manifest } from "../manifest.ts";
import { caddyAuthority } from "./paths.ts";

/** The machine's own certificate authority. Its names are unique, as clients trust the roots of several machines at once. */
export function internalTls({ fleet, machine, https }: Manifest): object {
  const owner = `${fleet}/${machine}`;
  return {
    tls: {
      certificates: { automate: https.names },
      automation: {
        policies: [
          {
            subjects: https.names,
            issuers: [{ module: "internal", ca: caddyAuthority }],
          },
        ],
      },
    },
    pki: {
      certificate_authorities: {
        [caddyAuthority]: {
          name: owner,
          root_common_name: `${owner} root`,
          intermediate_common_name: `${owner} intermediate`,
          install_trust: false,
        },
      },
    },
  };
}
