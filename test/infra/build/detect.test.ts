import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { test } from "node:test";
import { checkApp } from "../../../infra/build/app.ts";
import { detectCommand, type Given } from "../../../infra/build/detect.ts";
import { emptyFolder, type Files, fill, makeFolder } from "./folders.ts";

const asgi = (app: string) => ({ kind: "asgi", app });
const node = (module: string) => ({ kind: "node", module });

const found: [title: string, files: Files, given: Given, command: object][] = [
  ["main.py", { "requirements.txt": "", "main.py": "" }, {}, asgi("main:app")],
  ["a package app/ with main.py", { "requirements.txt": "", "app/__init__.py": "", "app/main.py": "" }, {}, asgi("app.main:app")],
  ["pyproject.toml alone marks a Python app", { "pyproject.toml": "", "app.py": "" }, {}, asgi("app:app")],
  [
    "main of package.json, before server.ts",
    { "package.json": '{"main":"./src/web.js"}', "src/web.js": "", "server.ts": "" },
    {},
    node("src/web.js"),
  ],
  ["server.ts", { "package.json": "{}", "server.ts": "", "index.js": "" }, {}, node("server.ts")],
  ["index.mjs without package.json", { "index.mjs": "" }, {}, node("index.mjs")],
  ["an explicit attribute", { "requirements.txt": "", "main.py": "" }, { asgi: "main:create" }, asgi("main:create")],
  ["an explicit package", { "shop/__init__.py": "" }, { asgi: "shop:app" }, asgi("shop:app")],
  [
    "an explicit module wins over what would be found",
    { "requirements.txt": "", "main.py": "", "tools/web.cjs": "" },
    { node: "tools/web.cjs" },
    node("tools/web.cjs"),
  ],
  ["a WSGI app, only as it is named", { "requirements.txt": "", "main.py": "" }, { wsgi: "main:app" }, { kind: "wsgi", app: "main:app" }],
  [
    "a program in the folder",
    { "bin/server": { text: "", executable: true }, "server.ts": "" },
    { command: ["./bin/server", "--port={port}"], slots: 8, probe: "/up" },
    { kind: "command", argv: ["./bin/server", "--port={port}"], listen: "port", slots: 8, probe: "/up", readyAfterMs: 1_000 },
  ],
  [
    "a program of the machine's, or of the packages",
    {},
    { command: ["next", "start"], listen: "port" },
    { kind: "command", argv: ["next", "start"], listen: "port", readyAfterMs: 1_000 },
  ],
  [
    "a program among the packages, which only the release has",
    {},
    { command: ["./node_modules/.bin/next", "{port}"] },
    { kind: "command", argv: ["./node_modules/.bin/next", "{port}"], listen: "port", readyAfterMs: 1_000 },
  ],
  [
    "package.json without an entry beside a Python app",
    { "requirements.txt": "", "main.py": "", "package.json": "{}" },
    {},
    asgi("main:app"),
  ],
];
for (const [title, files, given, command] of found) {
  test(`found: ${title}`, (t) => assert.deepEqual(detectCommand(makeFolder(t, files), given), command));
}

const refused: [title: string, files: Files, given: Given, message: RegExp][] = [
  [
    "a module that isn't there",
    { "requirements.txt": "", "server.py": "" },
    { asgi: "main:app" },
    /no main\.py or main\/__init__\.py in [\s\S]*there: requirements\.txt, server\.py[\s\S]*What to do: Set "app\.asgi"/,
  ],
  ["a dotted module that isn't there", { "shop/__init__.py": "" }, { asgi: "shop.web:app" }, /no shop\/web\.py or shop\/web\/__init__\.py/],
  ["a Node module that isn't there", { "package.json": "{}" }, { node: "server.ts" }, /no server\.ts in [\s\S]*there: package\.json/],
  [
    "a compiled main that was not built",
    { "package.json": '{"main":"dist/server.js"}', "server.ts": "" },
    {},
    /no dist\/server\.js in [\s\S]*build it first/,
  ],
  ["a folder where a module is meant", { "server.ts/x": "" }, { node: "server.ts" }, /no server\.ts in/],
  ["nothing at all", {}, {}, /No app was found in [\s\S]*there: nothing[\s\S]*Name the entry/],
  ["main.py without requirements.txt", { "main.py": "" }, {}, /No app was found[\s\S]*looked for: requirements\.txt with main\.py/],
  [
    "two apps in one folder",
    { "requirements.txt": "", "main.py": "", "server.js": "" },
    {},
    /both an ASGI app \(main:app\) and a Node app \(server\.js\)/,
  ],
  ["a WSGI module that isn't there", {}, { wsgi: "main:app" }, /no main\.py or[\s\S]*Set "app\.wsgi"/],
  [
    "a program that isn't there",
    { "server.go": "" },
    { command: ["./server", "{port}"] },
    /no server in [\s\S]*there: server\.go[\s\S]*app\.command/,
  ],
  ["a program that can't be started", { server: "" }, { command: ["./server", "{port}"] }, /server in .* isn't executable[\s\S]*chmod \+x/],
  ["a command that doesn't say where it listens", {}, { command: ["server"] }, /doesn't say how it takes connections/],
  ["package.json that isn't JSON", { "package.json": "{" }, {}, /package\.json can't be read as JSON/],
  ["main that no worker can import", { "package.json": '{"main":"server"}' }, {}, /"server" can't be the app's entry/],
];
for (const [title, files, given, message] of refused) {
  test(`refused: ${title}`, (t) => assert.throws(() => detectCommand(makeFolder(t, files), given), { name: "FleetError", message }));
}

test("refused: a folder that isn't there", (t) => {
  assert.throws(() => detectCommand(join(emptyFolder(t), "shop")), /app's folder .*shop does not exist/);
});

test("an app has the name it is given, and its folder's absolute path", (t) => {
  const dir = fill(join(emptyFolder(t), "My Shop_2"), { "server.ts": "" });
  assert.deepEqual(checkApp("shop", { dir: relative(process.cwd(), dir) }), { name: "shop", dir, command: node("server.ts") });
});
