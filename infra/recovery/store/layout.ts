/** Where things lie in a store. Pure. */
import type { DrillRecord } from "../drill-record.ts";

export interface StackName {
  project: string;
  stack: string;
}

export const OBJECTS = "objects/";
export const PAGE = "RECOVER.txt";

export const objectName = (sha256: string): string => `${OBJECTS}${sha256.slice(0, 2)}/${sha256}`;
export const setsFolder = ({ project, stack }: StackName): string => `sets/${project}/${stack}/`;
export const drillsFolder = ({ project, stack }: StackName): string => `drills/${project}/${stack}/`;
export const keyName = ({ project, stack }: StackName): string => `keys/${project}/${stack}.age`;

/** Ends a file's name while it is written; what an interrupted push leaves, a later one removes. */
export const PARTIAL = ".partial";

/** A moment as a part of a name that sorts. */
export function stamp(instant: string): string {
  return new Date(instant).toISOString().replaceAll(/[-:]/g, "").replace(".", "");
}

/** A file for each: no target can add a line to a file so that two drills at once don't lose one. */
export const drillName = (record: DrillRecord, unique: string): string =>
  `${drillsFolder(record)}${stamp(record.startedAt)}-${unique}.json`;
