import assert from "node:assert/strict";
import { test } from "node:test";
import { parseRequirements, readPythonLock, requireAllPinned } from "../../../infra/build/requirements.ts";
import { makeFolder } from "./folders.ts";

test("pins with extras, markers, hashes and comments are understood", () => {
  const text = [
    "# made by a tool",
    "--index-url https://packages.example.org/simple",
    "uvicorn[standard]==0.54.0  # the server",
    "Typing_Extensions == 4.16.0 ; python_version < '3.13'",
    "h11 \\",
    "  ==0.16.0 \\",
    "    --hash=sha256:aa \\",
    "    --hash=sha256:bb",
    "pydantic.core===2.50.4",
    "-r more.txt",
  ].join("\n");
  assert.deepEqual(parseRequirements(text), {
    pins: [
      { name: "uvicorn", version: "0.54.0" },
      { name: "typing-extensions", version: "4.16.0" },
      { name: "h11", version: "0.16.0" },
      { name: "pydantic-core", version: "2.50.4" },
    ],
    includes: ["more.txt"],
    problems: [],
  });
});

for (const line of [
  "fastapi",
  "fastapi>=0.100",
  "fastapi==0.100.*",
  "fastapi==1.0,<2",
  "fastapi~=1.0",
  "shop @ https://example.org/shop.whl",
  "./shop",
  "-e .",
  "--editable .",
  "-c limits.txt",
]) {
  test(`not a lock: ${line}`, () => {
    assert.deepEqual(
      parseRequirements(`h11==1\n${line}\n`).problems.map(({ line: number, text }) => [number, text]),
      [[2, line]],
    );
  });
}

test("the error names file, lines and the mend", (t) => {
  const dir = makeFolder(t, { "requirements.txt": "uvicorn\nfastapi>=1\n" });
  assert.throws(() => readPythonLock(dir, "asgi"), {
    name: "FleetError",
    message: /requirements\.txt doesn't decide[\s\S]*line 1: uvicorn[\s\S]*line 2: fastapi>=1[\s\S]*uv pip compile/,
  });
});

test("included files are part of the lock", (t) => {
  const dir = makeFolder(t, {
    "requirements.txt": "-r locks/web.txt\n",
    "locks/web.txt": "-r base.txt\nuvicorn==1\n",
    "locks/base.txt": "h11==2\n-r web.txt\n",
  });
  const { pins, files } = readPythonLock(dir, "asgi");
  assert.deepEqual(pins, [
    { name: "uvicorn", version: "1" },
    { name: "h11", version: "2" },
  ]);
  assert.deepEqual(
    files.map(([path]) => path),
    ["requirements.txt", "locks/web.txt", "locks/base.txt"],
  );
});

for (const [title, files, message] of [
  ["no requirements.txt", { "pyproject.toml": "" }, /There is no requirements\.txt/],
  ["an include outside of the app", { "requirements.txt": "-r ../base.txt\n" }, /There is no \.\.\/base\.txt/],
  ["no uvicorn", { "requirements.txt": "fastapi==1\n" }, /does not name uvicorn/],
] as const) {
  test(`refused: ${title}`, (t) => assert.throws(() => readPythonLock(makeFolder(t, files), "asgi"), { name: "FleetError", message }));
}

test("a package that came along unnamed is an error with the line to add", () => {
  const pins = [{ name: "uvicorn", version: "1" }];
  requireAllPinned(pins, pins);
  assert.throws(() => requireAllPinned([...pins, { name: "h11", version: "0.16.0" }], pins), /missing: h11==0\.16\.0/);
});
