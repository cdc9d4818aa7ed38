/** All contenders; ours first in each family. */
import type { Contender } from "./contender.ts";
import { granian } from "./granian.ts";
import { gunicorn } from "./gunicorn.ts";
import { oursAsgi, oursNode } from "./ours.ts";
import { pm2 } from "./pm2.ts";
import { uvicorn } from "./uvicorn.ts";

export const asgiContenders: readonly Contender[] = [oursAsgi, uvicorn, gunicorn, granian];
export const nodeContenders: readonly Contender[] = [oursNode, pm2];
export const allContenders: readonly Contender[] = [...asgiContenders, ...nodeContenders];

/** For a column of a table in which both families stand. */
export const fullTitle = ({ title, family }: Contender): string => `${title} (${family === "asgi" ? "ASGI" : "Node"})`;
