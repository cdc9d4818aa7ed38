/** Which of two stacks, in two regions, answers for the names that both have. */
import { z } from "zod";

/** `primary` answers as long as it is healthy, `secondary` when it isn't: one of each, in two stacks. */
export const failoverSchema = z.enum(["primary", "secondary"]);
export type Failover = z.output<typeof failoverSchema>;
