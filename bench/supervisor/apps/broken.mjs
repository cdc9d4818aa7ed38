// A release that can't be loaded; leaves one line for each try.
import { appendFileSync } from "node:fs";

appendFileSync(process.env.BENCH_BOOTS, "boot\n");
throw new Error("this release is broken");
