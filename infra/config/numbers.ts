/** Kinds of numbers that several parts of a fleet's configuration take. */
import { z } from "zod";

export const milliseconds = z.int().min(1).max(3_600_000);
export const port = z.int().min(1).max(65535);
