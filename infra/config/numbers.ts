/** Kinds of numbers that several parts of a fleet's configuration take. */
import { z } from "zod";
import { batchPart } from "../rollout/batches.ts";

export const milliseconds = z.int().min(1).max(3_600_000);
export const port = z.int().min(1).max(65535);

/** A number of machines, or a part of the fleet. */
export const batchSchema = z.union([
  z.int().min(1),
  z.string().regex(batchPart, 'a number of machines, or a part of the fleet such as "25%"'),
]);
