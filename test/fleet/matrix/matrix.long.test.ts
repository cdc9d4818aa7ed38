/** The whole matrix: every fault in every step, and twenty good rollouts. */
import { matrix } from "./suite.ts";

matrix({ goodRollouts: 20, only: () => true });
