/** `fleethost ship-logs`: the journal's lines of the app, Caddy and ours, brought to CloudWatch Logs as they come. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freshRedactor } from "../agent/credstore.ts";
import { readIfThere, writeAtomic } from "../agent/files.ts";
import { pathsUnder } from "../agent/paths.ts";
import { InstanceCredentials } from "../aws/credentials.ts";
import type { Redact } from "../redact.ts";
import { batchesOf } from "./batches.ts";
import { Courier } from "./courier.ts";
import { Journal, type Portion } from "./journal.ts";
import { type LogsJob, logsJobSchema } from "./job.ts";
import { eventsBySource } from "./sources.ts";

/** When it is told to end: for the last lines of those that end with it, and for bringing them. */
const LAST_LINES_MS = 1_000;
const LAST_TRIES_MS = 15_000;

export interface ShipOptions {
  /** Path of the job. */
  path: string;
  /** Where it keeps the place up to which lines were taken. */
  stateFolder: string;
  signal: AbortSignal;
  say: (text: string) => void;
}

/**
 * Each line once; those of the last seconds again after it was killed.
 * @throws Error in words for the journal; started again, it goes on from the last line that was taken
 */
export async function shipLogs({ path, stateFolder, signal, say }: ShipOptions): Promise<void> {
  const job = logsJobSchema.parse(JSON.parse(await readFile(path, "utf8")));
  const place = join(stateFolder, "cursor");
  const journal = new Journal((await readIfThere(place))?.trim() || undefined);
  const giveUp = new AbortController();
  signal.addEventListener("abort", () => setTimeout(() => giveUp.abort(), LAST_TRIES_MS).unref());
  const shipping: Shipping = { job, place, say, redact: freshRedactor(pathsUnder()), courier: courierOf(job, say) };
  try {
    while (!signal.aborted) await ship(shipping, await nextOf(journal, place, signal), giveUp.signal);
    await sleep(LAST_LINES_MS);
    // Never past a portion that wasn't taken.
    if (!giveUp.signal.aborted) await ship(shipping, journal.rest(), giveUp.signal);
  } finally {
    journal.close();
  }
}

interface Shipping {
  job: LogsJob;
  place: string;
  say: (text: string) => void;
  redact: () => Redact;
  courier: Courier;
}

function courierOf({ region, url, group, metadataUrl }: LogsJob, say: (text: string) => void): Courier {
  return new Courier({ service: { name: "logs", url, region, credentials: new InstanceCredentials(metadataUrl) }, group, say });
}

/** A place that the journal doesn't know any more is forgotten: the next start begins anew. */
async function nextOf(journal: Journal, place: string, signal: AbortSignal): Promise<Portion> {
  try {
    return await journal.next(signal);
  } catch (error) {
    if (/cursor/i.test((error as Error).message)) await rm(place, { force: true });
    throw error;
  }
}

async function ship({ job, place, say, redact, courier }: Shipping, { entries, leftOut }: Portion, signal: AbortSignal): Promise<void> {
  if (leftOut > 0) say(`${leftOut} entries of the journal were too long to be read, and are left out`);
  for (const [source, events] of eventsBySource(entries, job.app, redact())) {
    for (const batch of batchesOf(events)) {
      if ((await courier.bring(`${job.machine}/${source}`, batch, signal)) === "stopped") return;
    }
  }
  const cursor = entries.findLast((entry) => entry.cursor !== undefined)?.cursor;
  if (cursor !== undefined) await writeAtomic(place, `${cursor}\n`, { mode: 0o600 });
}
