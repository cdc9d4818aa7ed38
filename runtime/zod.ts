/**
 * zod's small half, for everything that runs on a machine: the classic one costs the supervisor 10 MiB of memory. It brings no
 * texts of its own; English is what both halves speak.
 */
import { config } from "zod/mini";
import en from "zod/v4/locales/en.js";

config(en());

export * from "zod/mini";
