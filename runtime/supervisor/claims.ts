/**
 * Addresses of workers that can't share a socket. Two supervisors, of an old and a new generation, take theirs from the same
 * numbers: each claims a number with a file that names it, and lists it with another one while its worker takes traffic.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import {
  addressText,
  claimedFolder,
  claimedPath,
  listedFolder,
  listedPath,
  type SlotAddress,
  slotAddress,
  slotNumbers,
  type Slots,
} from "../slots.ts";

export interface Claim {
  readonly address: SlotAddress;
  /** For people. */
  readonly text: string;
  list(): void;
  delist(): void;
  /** Delists, and gives the number back. */
  release(): void;
}

export class Claims {
  readonly #slots: Slots;
  readonly #owner: string;
  #last = 0;

  /** Makes the folders if they aren't there, and gives back what dead supervisors had claimed. */
  constructor(slots: Slots, pid: number) {
    this.#slots = slots;
    this.#owner = ownerText(pid);
    for (const folder of [listedFolder(slots), claimedFolder(slots)]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const number of slotNumbers(slots)) if (this.#isDead(number)) this.#takeFromDead(number);
  }

  /** A number that nobody has; null when all are taken. In turn, as a port just left may still be closing. */
  claim(): Claim | null {
    const { count } = this.#slots;
    for (let step = 1; step <= count; step++) {
      const number = ((this.#last + step - 1) % count) + 1;
      if (!this.#take(number)) continue;
      this.#last = number;
      return this.#claimOf(number);
    }
    return null;
  }

  #claimOf(number: number): Claim {
    const address = slotAddress(this.#slots, number);
    if (address.kind === "socket") rmSync(address.path, { force: true });
    const delist = (): void => rmSync(listedPath(this.#slots, number), { force: true });
    return {
      address,
      text: addressText(address),
      list: () => writeFileSync(listedPath(this.#slots, number), ""),
      delist,
      release: () => {
        delist();
        rmSync(claimedPath(this.#slots, number), { force: true });
      },
    };
  }

  #take(number: number): boolean {
    if (this.#create(number)) return true;
    return this.#isDead(number) && this.#takeFromDead(number) && this.#create(number);
  }

  #create(number: number): boolean {
    try {
      writeFileSync(claimedPath(this.#slots, number), this.#owner, { flag: "wx" });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  #isDead(number: number): boolean {
    const owner = read(claimedPath(this.#slots, number));
    return owner !== null && ownerText(Number(owner.split(" ")[0])) !== owner;
  }

  /** Moved away first, and looked at again: another supervisor may just have taken it over. */
  #takeFromDead(number: number): boolean {
    const path = claimedPath(this.#slots, number);
    const aside = `${path}.${process.pid}`;
    try {
      renameSync(path, aside);
      const owner = read(aside) ?? "";
      const isDead = ownerText(Number(owner.split(" ")[0])) !== owner;
      if (isDead) rmSync(listedPath(this.#slots, number), { force: true });
      else linkSync(aside, path);
      rmSync(aside);
      return isDead;
    } catch {
      return false;
    }
  }
}

/** Pid and start time, as proc(5) has it in field 22: a pid alone is used again. */
function ownerText(pid: number): string {
  const stat = read(`/proc/${pid}/stat`) ?? "";
  const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  return `${pid} ${startTime ?? "gone"}`;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}
