import { deploy } from "./program.ts";

export const { urls, release, workers, caBundle, skipped, inventory } = deploy();
