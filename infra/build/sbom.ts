/** What is in a runtime bundle, as a CycloneDX list: for scanners, and for whoever has to sign a machine off. Pure. */

/** One npm package that is bundled into `lib/`. */
export interface BundledPackage {
  name: string;
  version: string;
  /** As its package.json says it: an SPDX id or expression. */
  license: string;
  /** As package-lock.json says it, `sha512-<base64>`; not there where there is no lock file. */
  integrity?: string | undefined;
}

export interface BundleContents {
  arch: "x64" | "arm64";
  /** sha256 of the program that is in the bundle. */
  node: { version: string; sha256: string };
  caddy: { version: string; sha256: string };
  /** Text of the go.mod that Caddy is built from. */
  caddyModules: string;
  packages: readonly BundledPackage[];
}

/** Its place in the bundle, and its name beside the archive. */
export const SBOM_FILE = "sbom.cdx.json";

/** The same contents give the same text: it has no date and no random serial number, both of which CycloneDX leaves open. */
export function renderSbom({ arch, node, caddy, caddyModules, packages }: BundleContents): string {
  const programs = [
    program("node", node, `pkg:generic/node@${node.version}?arch=${arch}`, "MIT"),
    program("caddy", caddy, `pkg:golang/github.com/caddyserver/caddy/v2@v${caddy.version}?arch=${arch}`, "Apache-2.0"),
  ];
  const libraries = [...packages].sort((a, b) => compare(purlOf(a), purlOf(b))).map(npmLibrary);
  const modules = goModules(caddyModules)
    .filter(({ name }) => name !== "github.com/caddyserver/caddy/v2")
    .map(goLibrary);
  const caddyRef = programs[1]?.["bom-ref"];
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.5.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": "fleetwright-runtime",
        name: `fleetwright-runtime-${arch}`,
        licenses: licensesOf("Apache-2.0"),
      },
    },
    components: [...programs, ...libraries, ...modules],
    dependencies: [
      { ref: "fleetwright-runtime", dependsOn: [...programs, ...libraries].map((part) => part["bom-ref"]) },
      { ref: caddyRef, dependsOn: modules.map((part) => part["bom-ref"]) },
    ],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

const program = (name: string, { version, sha256 }: BundleContents["node"], purl: string, license: string) => ({
  type: "application",
  "bom-ref": purl,
  name,
  version,
  hashes: [{ alg: "SHA-256", content: sha256 }],
  licenses: licensesOf(license),
  purl,
});

function npmLibrary(part: BundledPackage) {
  const purl = purlOf(part);
  const { name, version, license, integrity } = part;
  const base64 = integrity?.match(/^sha512-(\S+)$/)?.[1];
  const hashes = base64 === undefined ? {} : { hashes: [{ alg: "SHA-512", content: Buffer.from(base64, "base64").toString("hex") }] };
  return { type: "library", "bom-ref": purl, name, version, ...hashes, licenses: licensesOf(license), purl };
}

function goLibrary({ name, version }: GoModule) {
  const purl = `pkg:golang/${name}@${version}`;
  return { type: "library", "bom-ref": purl, name, version, purl };
}

interface GoModule {
  name: string;
  version: string;
}

/** The modules that a go.mod requires, in its order. */
export function goModules(text: string): GoModule[] {
  const lines = text.matchAll(/^(?:require )?\t?([a-z0-9.-]+\.[a-z]+\/\S+|[a-z0-9-]+\.[a-z.]+) (v\S+)(?: \/\/ indirect)?$/gm);
  return [...lines].map(([, name = "", version = ""]) => ({ name, version }));
}

const purlOf = ({ name, version }: BundledPackage): string => `pkg:npm/${name.replace(/^@/, "%40")}@${version}`;

const licensesOf = (license: string) => (/ (OR|AND|WITH) /.test(license) ? [{ expression: license }] : [{ license: { id: license } }]);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
