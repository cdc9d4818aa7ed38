/** `fleetwright:recovery` in a stack's configuration: where what a recovery needs is put by. Of the stack, not of a fleet in it. */
import { z } from "zod";
import { parseStoreUrl } from "./store/url.ts";

const storeUrl = z.string().superRefine((url, context) => {
  const address = parseStoreUrl(url);
  if (address.kind === "wrong") context.addIssue({ code: "custom", message: `given ${JSON.stringify(url)}; ${address.problem}` });
});

export const recoveryConfigSchema = z
  .strictObject({
    /** Each gets everything. */
    stores: z.array(storeUrl).min(1),
    /** How many sets each store keeps; with every set go the objects that no other set names. */
    keepSets: z.int().min(1).max(1_000).default(10),
    /** Also the programs that a rebuild needs: Pulumi, the packages, the local machines' image. */
    tools: z.boolean().default(true),
    /** Files of the operator's that are put by as well, sealed: the key that the machines let in, say. */
    files: z.array(z.string().regex(/^(~\/|\/)/, 'a path from the root or from your home: "~/.ssh/id_ed25519"')).default([]),
    /** What `fleet recovery init` made. */
    key: z
      .strictObject({
        recipient: z.string().regex(/^age1[0-9a-z]{20,}$/, "what `fleet recovery init` wrote"),
        wrapped: z.string().regex(/^-----BEGIN AGE ENCRYPTED FILE-----/, "what `fleet recovery init` wrote"),
      })
      .optional(),
  })
  .superRefine(({ files, key }, context) => {
    if (files.length === 0 || key !== undefined) return;
    context.addIssue({
      code: "custom",
      path: ["files"],
      message: "files are put by sealed, and there is no key yet: run `fleet recovery init`",
    });
  });
export type RecoveryConfig = z.output<typeof recoveryConfigSchema>;
