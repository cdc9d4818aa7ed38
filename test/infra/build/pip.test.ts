import assert from "node:assert/strict";
import { test } from "node:test";
import { markersOf, pipArguments, pipFailure, platformsOf } from "../../../infra/build/pip.ts";

const trixie = { arch: "x64", python: "3.13" } as const;
const bookwormArm = { arch: "arm64", python: "3.11" } as const;

test("platforms go from the machine's glibc down to the oldest manylinux", () => {
  const x64 = platformsOf(trixie);
  assert.equal(x64[0], "manylinux_2_41_x86_64");
  assert.equal(x64.at(-1), "manylinux1_x86_64");
  assert.ok(x64.includes("manylinux2014_x86_64"));
  const arm64 = platformsOf(bookwormArm);
  assert.equal(arm64[0], "manylinux_2_36_aarch64");
  assert.equal(arm64.at(-1), "manylinux2014_aarch64");
});

test("a Python that no supported Debian brings gets the older glibc", () => {
  assert.equal(platformsOf({ arch: "x64", python: "3.12" })[0], "manylinux_2_36_x86_64");
});

test("pip is told the target's Python, ABIs and files", () => {
  const args = pipArguments(bookwormArm, "/app/requirements.txt", "/out");
  const after = (option: string): string[] => args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ""] : []));
  assert.deepEqual(after("--python-version"), ["3.11"]);
  assert.deepEqual(after("--abi"), ["cp311", "abi3", "none"]);
  assert.deepEqual([after("--target"), after("--requirement")], [["/out"], ["/app/requirements.txt"]]);
  assert.ok(args.includes("--only-binary=:all:") && args.includes("--no-compile"));
});

test("markers are the machine's, not this computer's", () => {
  const markers = markersOf(bookwormArm);
  assert.deepEqual([markers.python_version, markers.platform_machine, markers.sys_platform], ["3.11", "aarch64", "linux"]);
});

for (const [title, stderr, message] of [
  [
    "no wheel",
    "ERROR: Could not find a version that satisfies the requirement docopt==0.6.2 (from versions: none)\n" +
      "ERROR: No matching distribution found for docopt==0.6.2",
    /docopt==0\.6\.2 has no wheel for Python 3\.13 on Linux x86_64[\s\S]*\| ERROR: No matching/,
  ],
  [
    "no network, though pip also says that nothing matches",
    "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError'\nERROR: No matching distribution found for h11==1",
    /can't reach the package index/,
  ],
  [
    "a wrong hash",
    "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
    /not the one that requirements\.txt has the hash of/,
  ],
  ["a conflict", "ERROR: ResolutionImpossible: for help visit", /contradict each other/],
  ["no pip", "ModuleNotFoundError: No module named 'pip'", /pip, which fetches .* isn't on this computer[\s\S]*python3-pip/],
  ["anything else", "ERROR: disk on fire", /pip could not install[\s\S]*disk on fire/],
] as const) {
  test(`pip's failure explained: ${title}`, () => assert.match(pipFailure(stderr, trixie).message, message));
}
