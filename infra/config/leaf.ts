import type { Input } from "@pulumi/pulumi";
import { z } from "zod";

/** Whether it is an Output or a promise. Pulumi marks its outputs so; asking for the mark spares loading the SDK to check a file. */
export function isDeferred(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  return "__pulumiOutput" in value || "then" in value;
}

/**
 * A value that a program may also give as an Output or a promise. What is known now is checked now;
 * the rest is checked by the manifest's schema once it is known.
 */
export function leaf<T>(schema: z.ZodType<T>): z.ZodType<Input<T>> {
  return z.custom<Input<T>>().superRefine((value, context) => {
    if (isDeferred(value)) return;
    const result = schema.safeParse(value);
    for (const issue of result.error?.issues ?? []) context.addIssue({ ...issue } as Parameters<typeof context.addIssue>[0]);
  });
}
