/** What a release has to be built for, as far as the images tell before a machine is there. Pure. */
import { imageOf } from "../config/aws/image-of.ts";
import { architectureOf } from "../config/aws/instance-type.ts";
import type { Offer, OfferKeys } from "../config/aws/offer-rules.ts";
import { debian } from "../machines/local/spec.ts";
import type { Target } from "../machines/machine.ts";

const PYTHON: Readonly<Record<string, string>> = { 12: debian.bookworm.python, 13: debian.trixie.python };

/** Undefined where an image isn't one of Debian's own: its machine says what it has once it is there. */
export function targetsOf({ instances, images }: OfferKeys, offer: Pick<Offer, "images">): Target[] | undefined {
  const targets = instances.map((instance) => {
    const [, version = ""] = /^debian-(\d+)-/.exec(offer.images[imageOf(instance, images) ?? ""]?.name ?? "") ?? [];
    return { arch: architectureOf(instance.type) ?? ("x64" as const), python: PYTHON[version] };
  });
  return targets.every(({ python }) => python !== undefined) ? unique(targets) : undefined;
}

const unique = (targets: readonly Target[]): Target[] => [
  ...new Map(targets.map((target) => [`${target.arch} ${target.python}`, target])).values(),
];
