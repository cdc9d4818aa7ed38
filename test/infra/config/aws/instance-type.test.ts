import assert from "node:assert/strict";
import { test } from "node:test";
import { architectureOf } from "../../../../infra/config/aws/instance-type.ts";

const arm64 =
  "a1.medium t4g.nano m6gd.large m7g.16xlarge c7gn.xlarge " +
  "r8g.metal-24xl im4gn.large is4gen.large x2gd.medium hpc7g.4xlarge g5g.xlarge i8ge.large m8gb.large p6e-gb200.36xlarge";
const x64 =
  "t2.micro t3a.small m5.large m7i-flex.large c7a.medium " +
  "g4dn.xlarge g6e.xlarge gr6.4xlarge x2iedn.xlarge z1d.3xlarge u-6tb1.56xlarge u7i-12tb.224xlarge p5.48xlarge i3en.metal";
const unknown = "mac2.metal mac2-m2.metal large m7g 7g.large";

test("the name of an instance type says its architecture", () => {
  for (const type of arm64.split(" ")) assert.equal(architectureOf(type), "arm64", type);
  for (const type of x64.split(" ")) assert.equal(architectureOf(type), "x64", type);
  for (const type of unknown.split(" ")) assert.equal(architectureOf(type), undefined, type);
});
