/** What of a group's configuration AWS doesn't have, as its answers tell, before anything is made. Pure; paths begin at the machines. */
import type { Finding } from "../finding.ts";
import { architectureOf } from "./instance-type.ts";
import { type Offer, offerFindings, type OfferKeys } from "./offer-rules.ts";

export interface GroupOfferKeys {
  network: OfferKeys["network"];
  image: string;
  types: readonly string[];
  diskGiB: number;
}

/** The same questions as for machines by name: one of each type. */
export function groupQuestions({ network, image, types, diskGiB }: GroupOfferKeys): OfferKeys {
  return { network, images: { [archOf(types)]: image }, instances: types.map((type) => ({ name: type, type, diskGiB })) };
}

/** A type has to be had in one of the zones, not in each: the group takes what there is. */
export function groupOfferFindings(machines: GroupOfferKeys, offer: Offer): Finding[] {
  const questions = groupQuestions(machines);
  const zones = Object.keys(machines.network.subnets);
  const findings = offerFindings(questions, offer).flatMap((finding) => renamed(finding));
  const nowhere = machines.types.flatMap((type, index): Finding[] => {
    const offered = offer.types[type];
    if (offered === undefined || zones.some((zone) => offered.zones.includes(zone) || !offer.zones.includes(zone))) return [];
    return [
      {
        path: ["types", String(index)],
        message: `is "${type}", which AWS offers in none of these zones; it does in ${offered.zones.join(", ")}`,
      },
    ];
  });
  return [...findings, ...nowhere];
}

/** The keys of a group. Each type has the same disk: it is told once. */
function renamed({ path, message }: Finding): Finding[] {
  const [first, index = "", key] = path;
  if (first === "images") return [{ path: ["image"], message }];
  if (first !== "instances") return [{ path, message }];
  if (key === "type") return [{ path: ["types", index], message }];
  return key === "diskGiB" && index === "0" ? [{ path: ["diskGiB"], message }] : [];
}

const archOf = (types: readonly string[]): "x64" | "arm64" => architectureOf(types[0] ?? "") ?? "x64";
