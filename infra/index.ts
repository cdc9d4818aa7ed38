import * as pulumi from "@pulumi/pulumi";
import { deploy } from "./program.ts";

export const { urls, release, workers, caBundle, skipped, inventory } = deploy(pulumi.runtime.getRootDirectory());
