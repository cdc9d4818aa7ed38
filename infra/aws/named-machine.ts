/** What differs in the scripts of a machine that has a name: which it is, and which of the fleet's manifests is its own. Pure. */

/** What the metadata service calls the address that clients reach it by. */
export type AddressKey = "public-ipv4" | "local-ipv4";

export interface BootMember {
  name: string;
  addressKey: AddressKey;
  /** One that AWS gives it later than it boots. */
  address?: string | undefined;
}

/** Where a machine keeps its name, for what is sent to it later. */
export const NAME_FILE = "/var/lib/fleetwright/machine.name";

/** In place of the group's: \`$name\`, and the file with its address. */
export function whoAtBoot({ name, addressKey, address }: BootMember): string {
  return [
    `name=${name}`,
    `install -d -m 755 ${NAME_FILE.replace(/\/[^/]*$/, "")}`,
    `echo "$name" >${NAME_FILE}`,
    address === undefined ? `known ${addressKey} "$work/address"` : `echo ${address} >"$work/address"`,
    "",
  ].join("\n");
}

export function whoInPlace(addressKey: AddressKey): string {
  return [`name=$(cat ${NAME_FILE})`, `known ${addressKey} "$work/address"`, ""].join("\n");
}

/** Of a fleet's manifest, which has a line for each machine. Nothing is left when it has none for this one. */
const OWN_LINE = String.raw`sed -n "s/^$name {/{/p" "$work/manifest" >"$work/own"
mv "$work/own" "$work/manifest"
`;

/** A machine that was added to the fleet is there before the first release that knows it; its agent takes that one. */
export const OWN_AT_BOOT = `${OWN_LINE}if [ ! -s "$work/manifest" ]; then
  say "the fleet's release has nothing for $name yet; pulumi up brings it"
  exit 0
fi
`;

/** A machine that was taken out of the fleet is there until the others have the release. */
export const OWN_IN_PLACE = `${OWN_LINE}[ -s "$work/manifest" ] || answer outside
`;

/** Before it says that a release is confirmed: the certificate of its own authority, where Caddy has made one. It is no secret. */
export const TELL_AUTHORITY = String.raw`tell_authority() {
  cat /var/lib/fleetwright-caddy/pki/authorities/local/root.crt >&3 2>/dev/null || :
}
`;

/** A first boot that came to nothing is no reason to leave a machine: what is tried brings everything. */
export const FIRST_BOOT = String.raw`[ -s ${NAME_FILE} ] || answer newborn
if [ ! -x "$current" ]; then
  [ "$action" = try ] && flock -n /run/fleetwright-script.lock true || answer newborn
fi
`;
