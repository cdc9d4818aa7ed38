// Credentials for AWS, before there are any packages: of the environment, or of whatever the AWS command line knows (profiles, roles, SSO).
import { spawnSync } from "node:child_process";

/**
 * @param {NodeJS.ProcessEnv} environment
 * @returns {{ accessKeyId: string, secretAccessKey: string, sessionToken: string | undefined }}
 * @throws {Error} for people, when there are none
 */
export function awsCredentials(environment) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = environment;
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey, sessionToken };
  const words = ["configure", "export-credentials", "--format", "process"];
  const { status, stdout, stderr } = spawnSync("aws", words, { env: environment, encoding: "utf8" });
  if (status === 0) {
    const { AccessKeyId, SecretAccessKey, SessionToken } = JSON.parse(stdout);
    return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  }
  throw new Error(
    "it needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or have the AWS command line, " +
      `version 2, with a profile that is logged in${stderr ? ` ("aws ${words.join(" ")}" said: ${stderr.trim()})` : ""}`,
  );
}
