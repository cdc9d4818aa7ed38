import type { GivenTls } from "../https.ts";
import type { SecretValues } from "../secrets.ts";

/** What comes with a manifest on standard input: values that the machine may lack, and the key of their versions. */
export interface GivenSecrets {
  readonly values: SecretValues;
  /** Kept by a machine that has none yet. */
  readonly key?: string | undefined;
  /** Of its certificates. */
  readonly tls?: GivenTls | undefined;
}
