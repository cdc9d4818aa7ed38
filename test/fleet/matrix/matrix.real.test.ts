/**
 * Rollouts to four real machines under load, good ones and all that can go wrong: afterwards every machine is on one and the same
 * release with nobody's help, nothing was lost, and the history is true. All cases are in `matrix.long.test.ts`.
 */
import { matrix } from "./suite.ts";

matrix({ goodRollouts: 4, only: ({ ci }) => ci === true });
