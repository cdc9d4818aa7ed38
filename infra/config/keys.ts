/** Which keys a schema knows at a key path: for "did you mean" and "allowed" in error messages. */
import { z } from "zod";

/** The keys allowed at `path` in `schema`, given the input that was parsed; none where it isn't a group of keys. */
export function keysAt(schema: z.ZodType, path: readonly (string | number)[], input: unknown): string[] {
  const here = unwrap(schema, input);
  const [key, ...rest] = path;
  if (key === undefined) return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
  const value = (input as Record<string | number, unknown> | undefined)?.[key];
  if (here instanceof z.ZodArray) return keysAt(here.element as z.ZodType, rest, value);
  if (!(here instanceof z.ZodObject)) return [];
  const next = here.shape[key] as z.ZodType | undefined;
  return next === undefined ? [] : keysAt(next, rest, value);
}

/** The schema inside defaults, optionals, pipes and unions. */
function unwrap(schema: z.ZodType, input: unknown): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.unwrap() as z.ZodType, input);
  }
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType, input);
  if (schema instanceof z.ZodDiscriminatedUnion) return chosenOption(schema, input) ?? schema;
  if (schema instanceof z.ZodUnion) return (schema.options as z.ZodType[]).find((option) => option instanceof z.ZodObject) ?? schema;
  return schema;
}

function chosenOption(schema: z.ZodDiscriminatedUnion, input: unknown): z.ZodType | undefined {
  const key = schema.def.discriminator;
  const value = (input as Record<string, unknown> | undefined)?.[key];
  const options = schema.options as unknown as z.ZodObject[];
  return options.find((option) => (option.shape[key] as z.ZodType | undefined)?.safeParse(value).success);
}
