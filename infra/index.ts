import * as pulumi from "@pulumi/pulumi";
import { deploy } from "./program.ts";

export const { urls, release, workers, caBundle, skipped, inventory, artifacts } = deploy(pulumi.runtime.getRootDirectory());
