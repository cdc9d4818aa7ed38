/** The points in their order. */
import type { Point } from "../bench.ts";
import { throughput } from "./throughput.ts";

export const points: readonly Point[] = [throughput];
