/** What a release has to be built for, as far as the images tell before a machine is there. Pure. */
import { architectureOf } from "../config/aws/instance-type.ts";
import type { Offer, OfferKeys } from "../config/aws/offer-rules.ts";
import { debian } from "../machines/local/spec.ts";
import type { Target } from "../machines/machine.ts";

const PYTHON: Readonly<Record<string, string>> = { 12: debian.bookworm.python, 13: debian.trixie.python };

/** Undefined where an image isn't one of Debian's own: its machine says what it has once it is there. */
export function targetsOf({ instances, images }: OfferKeys, offer: Pick<Offer, "images">): Target[] | undefined {
  const archs = [...new Set(instances.map(({ type }) => architectureOf(type) ?? "x64"))];
  const targets = archs.flatMap((arch) => {
    const [, version = ""] = /^debian-(\d+)-/.exec(offer.images[images[arch] ?? ""]?.name ?? "") ?? [];
    const python = PYTHON[version];
    return python === undefined ? [] : [{ arch, python }];
  });
  return targets.length === archs.length ? targets : undefined;
}
