/** Renders the part of Caddy's configuration that says where certificates come from. Pure. */
import type { Https } from "../https.ts";
import type { Manifest } from "../manifest.ts";
import { caddyAuthority, pathsUnder } from "./paths.ts";

/** Empty with `none`. */
export function tlsApps(manifest: Manifest): object {
  switch (manifest.https.mode) {
    case "internal":
      return internalTls(manifest);
    case "acme":
      return acmeTls(manifest.https);
    case "own":
      return ownTls(manifest.https);
    case "none":
      return {};
  }
}

/** The machine's own certificate authority. Its names are unique, as clients trust the roots of several machines at once. */
function internalTls({ fleet, machine, https }: Manifest): object {
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

/** The account's key is in Caddy's storage before Caddy starts (`acme-storage.ts`), so that no machine makes an account of its own. */
function acmeTls({ names, acme, httpPort, httpsPort }: Https): object {
  if (acme === undefined) throw new Error("the manifest has mode acme and no acme");
  const { tls } = pathsUnder();
  const { directory, email, caRoot, eab, renewAtPart } = acme;
  const issuer = {
    module: "acme",
    ca: directory,
    email,
    ...(caRoot === undefined ? {} : { trusted_roots_pem_files: [tls.acmeRoot(caRoot)] }),
    ...(eab === undefined ? {} : { external_account: { key_id: eab.keyId, mac_key: `{file.${tls.eabKey(eab.version)}}` } }),
    // An issuer asks at 80 and 443; on other ports something in front leads them here.
    challenges: { http: { alternate_port: httpPort }, "tls-alpn": { alternate_port: httpsPort } },
  };
  const policy = { subjects: names, issuers: [issuer], ...(renewAtPart === undefined ? {} : { renewal_window_ratio: renewAtPart }) };
  return { tls: { certificates: { automate: names }, automation: { policies: [policy] } } };
}

function ownTls({ own }: Https): object {
  if (own === undefined) throw new Error("the manifest has mode own and no own");
  const path = pathsUnder().tls.own(own.version);
  return { tls: { certificates: { load_files: [{ certificate: path, key: path, format: "pem" }] } } };
}

/** What became of orders, for `certificates.ts`, apart from the journal. */
export function certificateLogs({ https }: Manifest): object {
  if (https.mode !== "acme") return {};
  const writer = {
    output: "file",
    filename: pathsUnder().caddyCertificateLog,
    mode: "0600",
    roll_size_mb: 1,
    roll_keep: 1,
    roll_gzip: false,
  };
  return { certificates: { writer, encoder: { format: "json" }, include: ["tls.obtain", "tls.renew"] } };
}
