/** A group's history, of what AWS knows of it. */
import { meanings, endings, type RefreshStatus } from "../refresh/status.ts";
import type { HistoryApi, RefreshOfGroup } from "./api.ts";
import type { GroupHistory, GroupRelease } from "./history.ts";

/** What a group is made of now, as Auto Scaling says. */
export interface CurrentTemplate {
  id: string;
  version: string;
}

/** Of what can't be gone back to. */
const REMOVED = "its manifest or its version isn't there any more";

/** With releases in place: every version of the fleet's record is one that it was on. */
export async function recordHistory(api: HistoryApi): Promise<GroupHistory> {
  const records = await api.records();
  const releases = await Promise.all(
    records.map(async ({ at, manifest }): Promise<GroupRelease> => {
      const release = await api.releaseOf(manifest);
      const end = release === undefined ? REMOVED : "confirmed";
      return { at: at?.toISOString(), key: manifest, release, came: release !== undefined, end };
    }),
  );
  return { releases, current: records.at(-1)?.manifest };
}

/**
 * With refreshes: AWS keeps those of the last six weeks (Auto Scaling API, "DescribeInstanceRefreshes"); what was before is what the
 * first one left.
 */
export async function refreshHistory(api: HistoryApi, current: CurrentTemplate): Promise<GroupHistory> {
  const refreshes = (await api.refreshes()).filter(({ version }) => version !== undefined);
  const known = refreshes.map(({ version }) => Number(version));
  const least = Math.min(Number(current.version), ...known);
  const earlier = least > 1 || known.length === 0 ? [String(known.length === 0 ? current.version : least - 1)] : [];
  const born = earlier.map((version) => releaseOf(api, current.id, { version, status: "", reason: undefined, at: undefined }));
  const later = refreshes.map((refresh) => releaseOf(api, current.id, refresh));
  return { releases: await Promise.all([...born, ...later]), current: current.version };
}

async function releaseOf(api: HistoryApi, template: string, { version = "", status, reason, at }: RefreshOfGroup): Promise<GroupRelease> {
  const manifest = await api.manifestOfVersion(template, version);
  const release = manifest === undefined ? undefined : await api.releaseOf(manifest);
  const ending = endings[status as RefreshStatus];
  const done = ending === undefined || meanings[status as RefreshStatus] === "done";
  const end = ending === undefined ? "was there before" : reason === undefined ? ending : `${ending}: ${reason}`;
  const gone = done && release === undefined;
  return { at: at?.toISOString(), key: version, release, came: done && !gone, end: gone ? REMOVED : end };
}
