/** Scans a server's TLS as a security team does, with sslyze, from PyPI in its pinned version; kept in the cache. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pythonPackages } from "./python-packages.ts";

const run = promisify(execFile);

const REQUIREMENTS = ["sslyze==6.3.1"];
const SCAN_TIMEOUT_MS = 120_000;

export interface Scan {
  /** What the server takes, by version. */
  ciphers: Record<string, string[]>;
  chain: { trusted: boolean; inOrder: boolean; matches: boolean; length: number };
  /** Known weaknesses that it has. */
  weak: string[];
}

const VERSIONS = {
  ssl_2_0: "SSL 2",
  ssl_3_0: "SSL 3",
  tls_1_0: "TLS 1.0",
  tls_1_1: "TLS 1.1",
  tls_1_2: "TLS 1.2",
  tls_1_3: "TLS 1.3",
} as const;

/**
 * @param target as sslyze takes it: `name:port{address}`
 * @param rootFile PEM of what the chain shall lead to
 */
export async function scan(target: string, rootFile: string): Promise<Scan> {
  const packages = await pythonPackages("python3", "sslyze", REQUIREMENTS);
  const commands = [
    "--sslv2",
    "--sslv3",
    "--tlsv1",
    "--tlsv1_1",
    "--tlsv1_2",
    "--tlsv1_3",
    "--certinfo",
    "--compression",
    "--heartbleed",
    "--robot",
    "--openssl_ccs",
    "--fallback",
    "--reneg",
  ];
  const args = ["-m", "sslyze", "--json_out=-", `--certinfo_ca_file=${rootFile}`, "--mozilla_config=disable", ...commands, target];
  const { stdout } = await run("python3", args, {
    env: { ...process.env, PYTHONPATH: packages },
    timeout: SCAN_TIMEOUT_MS,
    maxBuffer: 32 * 1024 * 1024,
  });
  return understand(JSON.parse(stdout) as Report);
}

interface Report {
  server_scan_results: { scan_result: Record<string, { status: string; result: any }> | null; connectivity_error_trace?: string }[];
}

function understand(report: Report): Scan {
  const results = report.server_scan_results[0]?.scan_result;
  if (results === null || results === undefined) throw new Error(`sslyze couldn't scan: ${JSON.stringify(report).slice(0, 2_000)}`);
  const of = (name: string) => {
    const attempt = results[name];
    if (attempt?.status !== "COMPLETED")
      throw new Error(`sslyze didn't come to an end with ${name}: ${JSON.stringify(attempt).slice(0, 1_000)}`);
    return attempt.result;
  };
  const ciphers = Object.entries(VERSIONS).flatMap(([key, title]) => {
    const accepted = of(`${key}_cipher_suites`).accepted_cipher_suites as { cipher_suite: { name: string } }[];
    return accepted.length === 0 ? [] : [[title, accepted.map(({ cipher_suite }) => cipher_suite.name)] as const];
  });
  const [deployment] = of("certificate_info").certificate_deployments;
  const weaknesses: Record<string, boolean> = {
    compression: of("tls_compression").supports_compression,
    heartbleed: of("heartbleed").is_vulnerable_to_heartbleed,
    ROBOT: /^VULNERABLE/.test(of("robot").robot_result),
    CCS: of("openssl_ccs_injection").is_vulnerable_to_ccs_injection,
    "insecure renegotiation": of("session_renegotiation").is_vulnerable_to_client_renegotiation_dos,
  };
  return {
    ciphers: Object.fromEntries(ciphers),
    chain: {
      trusted: deployment.path_validation_results.some(
        ({ was_validation_successful }: { was_validation_successful: boolean }) => was_validation_successful,
      ),
      inOrder: deployment.received_chain_has_valid_order,
      matches: deployment.leaf_certificate_subject_matches_hostname ?? true,
      length: deployment.received_certificate_chain.length,
    },
    weak: Object.entries(weaknesses).flatMap(([name, found]) => (found ? [name] : [])),
  };
}
