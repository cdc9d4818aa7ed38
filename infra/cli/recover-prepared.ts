/** What `fleet recover` is asked for, and what it knows before it touches anything. */
import type { Suite } from "../machines/local/spec.ts";
import type { Chosen } from "../recovery/choose.ts";
import type { Judgement } from "../recovery/judge.ts";
import type { RecoveryKey } from "../recovery/opened-key.ts";
import type { Pins } from "../recovery/pins.ts";
import type { RecoveryStore } from "../recovery/store/store.ts";
import type { RecoveredPlace } from "./recovered-stack.ts";

export interface RecoverOptions {
  /** URL of the store. */
  from: string;
  stack: string;
  /** Beginning of a set's id. @default the newest that is whole */
  set?: string;
  /** An earlier release of the set's ledger, by its id or the beginning of it. */
  release?: string;
  /** A file whose `machines` take the place of those in the set. */
  machines?: string;
  /** What shall encrypt the stack's secrets where the KMS key that did is lost: `passphrase`, or another key's URL. */
  secretsProvider?: string;
  /** Only looks. */
  check?: boolean;
  /** Doesn't ask. */
  yes?: boolean;
  json?: boolean;
  /** Of `fleet drill`: with what else its machines have otherwise. */
  drill?: boolean;
}

export interface Prepared {
  store: RecoveryStore;
  chosen: Chosen;
  key: RecoveryKey;
  pins: Pins;
  place: RecoveredPlace;
  /** The stack's file as it will be. */
  stackText: string;
  /** What its machines boot, where they are on this computer. */
  image: Suite | undefined;
  /** Whether a run of before was killed here. */
  resumed: boolean;
  judgement: Judgement;
  /** What there is to say so far. */
  lines: string[];
}
