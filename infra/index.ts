import * as pulumi from "@pulumi/pulumi";
import { deploy } from "./program.ts";

export default deploy(pulumi.runtime.getRootDirectory());
