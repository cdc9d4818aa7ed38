/** Which keys a schema knows at a key path: for "did you mean" and "allowed" in error messages. */
// What zod's two halves have in common: the schemas of `runtime/` are made with the small one.
import * as z from "zod/v4/core";

/** The keys allowed at `path` in `schema`, given the input that was parsed; none where it isn't a group of keys. */
export function keysAt(schema: z.$ZodType, path: readonly (string | number)[], input: unknown): string[] {
  const here = unwrap(schema, input);
  const [key, ...rest] = path;
  if (key === undefined) return here instanceof z.$ZodObject ? Object.keys(shapeOf(here)) : [];
  const value = (input as Record<string | number, unknown> | undefined)?.[key];
  if (here instanceof z.$ZodRecord) return keysAt(here._zod.def.valueType, rest, value);
  if (here instanceof z.$ZodArray) return keysAt(here._zod.def.element, rest, value);
  if (!(here instanceof z.$ZodObject)) return [];
  const next = shapeOf(here)[key];
  return next === undefined ? [] : keysAt(next, rest, value);
}

const shapeOf = (schema: z.$ZodObject): Readonly<Record<string, z.$ZodType>> => schema._zod.def.shape;

/** The schema inside defaults, optionals, pipes and unions. */
function unwrap(schema: z.$ZodType, input: unknown): z.$ZodType {
  if (schema instanceof z.$ZodDefault || schema instanceof z.$ZodPrefault || schema instanceof z.$ZodOptional) {
    return unwrap(schema._zod.def.innerType, input);
  }
  // What is done to the input before it is checked has no keys of its own.
  if (schema instanceof z.$ZodPipe)
    return unwrap(schema._zod.def.in instanceof z.$ZodTransform ? schema._zod.def.out : schema._zod.def.in, input);
  if (schema instanceof z.$ZodDiscriminatedUnion) return chosenOption(schema, input) ?? schema;
  if (schema instanceof z.$ZodUnion) return schema._zod.def.options.find((option) => option instanceof z.$ZodObject) ?? schema;
  return schema;
}

function chosenOption(schema: z.$ZodDiscriminatedUnion, input: unknown): z.$ZodType | undefined {
  const key = schema._zod.def.discriminator;
  const value = (input as Record<string, unknown> | undefined)?.[key];
  const fits = (discriminator: z.$ZodType | undefined): boolean => discriminator !== undefined && z.safeParse(discriminator, value).success;
  return schema._zod.def.options.find((option) => option instanceof z.$ZodObject && fits(shapeOf(option)[key]));
}
