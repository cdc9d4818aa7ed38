/** What is deployed is named exactly: a name that moves can't be gone back to. */
import { each, texts } from "./graph.ts";

export const pinned = each("pinned", ({ inputs }) =>
  texts(inputs)
    .filter(({ text }) => /^\$(Latest|Default)$/.test(text) || text.startsWith("resolve:ssm:"))
    .map(({ path, text }) => `has ${text} at ${path.join(".")}, which changes by itself; name the version or the image`),
);
