/** Failed boots, and whether they are reason enough to give up. */
import type { FailedBoot } from "./crew.ts";

/** Failed boots in a row, with no worker ever ready, after which one gives up: a broken generation fails in seconds. */
export const BOOT_ATTEMPTS = 3;

export class Boots {
  #everReady = false;
  #failed = 0;
  #last: FailedBoot = { how: "ended", tail: [] };

  get everReady(): boolean {
    return this.#everReady;
  }

  get lastFailure(): FailedBoot {
    return this.#last;
  }

  /** No worker was ever ready, and enough were tried. */
  get inVain(): boolean {
    return !this.#everReady && this.#failed >= BOOT_ATTEMPTS;
  }

  succeeded(): void {
    this.#everReady = true;
  }

  /** @param outOfTime it used its whole time up, which leaves none for a second try */
  failed(failure: FailedBoot, outOfTime: boolean): void {
    this.#last = failure;
    this.#failed += outOfTime ? BOOT_ATTEMPTS : 1;
  }
}
