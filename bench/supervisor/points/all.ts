/** The points in their order. */
import type { Point } from "../bench.ts";
import { balance } from "./balance.ts";
import { kills } from "./kills.ts";
import { memory } from "./memory.ts";
import { reloads } from "./reloads.ts";
import { stuck } from "./stuck.ts";
import { throughput } from "./throughput.ts";

export const points: readonly Point[] = [throughput, reloads, kills, stuck, memory, balance];
