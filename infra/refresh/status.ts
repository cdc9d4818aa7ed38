/** What the states of an instance refresh mean to somebody who waits for its end. Pure. */

/** The states that the Auto Scaling API knows ("InstanceRefresh", "Status"). */
export type RefreshStatus =
  | "Pending"
  | "InProgress"
  | "Successful"
  | "Failed"
  | "Cancelling"
  | "Cancelled"
  | "RollbackInProgress"
  | "RollbackFailed"
  | "RollbackSuccessful"
  | "Baking";

/** `done`: the group is as wanted. `back`: it goes back, or is stopped, and will have failed. `failed`: it has ended otherwise. */
type Meaning = "running" | "back" | "done" | "failed";

export const meanings: Readonly<Record<RefreshStatus, Meaning>> = {
  Pending: "running",
  InProgress: "running",
  Baking: "running",
  Cancelling: "back",
  RollbackInProgress: "back",
  Successful: "done",
  Failed: "failed",
  Cancelled: "failed",
  RollbackFailed: "failed",
  RollbackSuccessful: "failed",
};

/** How an end is told. */
export const endings: Readonly<Record<RefreshStatus, string>> = {
  Pending: "has not begun",
  InProgress: "is under way",
  Baking: "waits to see that all is well",
  Cancelling: "is being cancelled",
  RollbackInProgress: "is being rolled back",
  Successful: "is done",
  Failed: "failed",
  Cancelled: "was cancelled",
  RollbackFailed: "failed, and so did its rollback",
  RollbackSuccessful: "was rolled back",
};

/** A refresh as far as we look at it. */
export interface Refresh {
  id: string;
  status: RefreshStatus;
  /** AWS's own words, where there are some. */
  reason: string | undefined;
  percent: number | undefined;
  /** Machines that are still to be replaced. */
  left: number | undefined;
  /** The template's version that it leads to; undefined when it was started without one. */
  version: string | undefined;
}

/** Whether nothing changes any more. */
export const hasEnded = ({ status }: Pick<Refresh, "status">): boolean => meanings[status] === "done" || meanings[status] === "failed";

/** A line of progress; the same until something moves. */
export function progressLine({ status, percent, left, reason }: Refresh): string {
  const parts = [
    ...(percent === undefined ? [] : [`${percent} %`]),
    ...(left === undefined || left === 0 ? [] : [`${left} ${left === 1 ? "machine" : "machines"} to go`]),
    ...(reason === undefined ? [] : [reason]),
  ];
  return [`the refresh ${endings[status]}`, ...(parts.length === 0 ? [] : [parts.join(", ")])].join(": ");
}
