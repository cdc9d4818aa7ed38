/** Where secrets are that are kept at AWS: a group's machines read the values themselves, by their role. Shared by both sides. Pure. */
import * as z from "./zod.ts";

/** Whole, with the six characters at its end: a policy names it (Secrets Manager guide, "ARN format"). */
export const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}$/;

/** By name or ARN, with a version's number or a label if wanted (Systems Manager API, "GetParameter"). */
export const PARAMETER = /^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:\d{12}:parameter\/)?[A-Za-z0-9_./-]{1,1011}(:[A-Za-z0-9_.-]{1,100})?$/;

/** Secrets Manager API, "GetSecretValue". */
export const VERSION_ID = /^[A-Za-z0-9-]{32,64}$/;

export const secretReferenceSchema = z.union([
  z.strictObject({
    secretsManager: z.string().check(z.regex(SECRET_ARN)),
    /** Of the object that the value is, as JSON; without it, the secret is the whole text. */
    key: z.optional(z.string().check(z.minLength(1))),
    /** Without it, the version that is current when the machine starts. */
    version: z.optional(z.string().check(z.regex(VERSION_ID))),
  }),
  z.strictObject({ ssmParameter: z.string().check(z.regex(PARAMETER)) }),
]);
export type SecretReference = z.infer<typeof secretReferenceSchema>;
