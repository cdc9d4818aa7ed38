/** Which image a machine has. Pure. */
import { architectureOf } from "./instance-type.ts";

export interface ImagesByArchitecture {
  x64?: string | undefined;
  arm64?: string | undefined;
}

/** Its own, or the fleet's for its architecture. */
export function imageOf({ type, image }: { type: string; image?: string | undefined }, images: ImagesByArchitecture): string | undefined {
  return image ?? images[architectureOf(type) ?? "x64"];
}
