import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { missingPackage } from "../../../infra/machines/aws-modules.ts";

const failure = (load: () => unknown): unknown => {
  try {
    return load();
  } catch (error) {
    return error;
  }
};

test("a package of AWS's that isn't installed is named; any other failure is not taken for one", async () => {
  const require = createRequire("/nowhere/else.js");
  assert.equal(missingPackage(failure(() => require.resolve("@aws-sdk/client-ec2"))), "@aws-sdk/client-ec2");
  assert.equal(missingPackage(failure(() => require("@pulumi/aws/ec2/vpc.js"))), "@pulumi/aws");
  assert.equal(missingPackage(await import(String("file:///nowhere/else.mjs")).catch((error: unknown) => error)), undefined);
  assert.equal(missingPackage(new Error("Cannot find package '@pulumi/aws'")), undefined);
});
