/** How a machine, or one on the way to it, is logged in to by SSH. */
import { z } from "zod";
import { DEPLOY_USER } from "../deploy-user/place.ts";
import { leaf } from "./leaf.ts";
import { port } from "./numbers.ts";

const hostKey = z
  .string()
  .regex(
    /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+=*( .*)?$/,
    'a host key as "ssh-keyscan HOST" prints it, without the address: "ssh-ed25519 AAAA…"',
  );

export const loginShape = {
  address: leaf(z.string().min(1)),
  port: port.default(22),
  user: z.string().min(1).default("root"),
  privateKeyFile: z
    .string()
    .regex(/^(~\/|\/)/, 'a path from the root or from your home: "~/.ssh/id_ed25519"')
    .optional(),
  privateKey: leaf(z.string().min(1)).optional(),
  hostKey: leaf(hostKey),
};

const NO_BASTION = `"${DEPLOY_USER}" can't be a bastion's user, as its key may not forward; give the bastion a login of its own`;

export const bastionSchema = z.strictObject({ ...loginShape, user: loginShape.user.refine((user) => user !== DEPLOY_USER, NO_BASTION) });
export type BastionConfig = z.output<typeof bastionSchema>;
