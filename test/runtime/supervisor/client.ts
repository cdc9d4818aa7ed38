/** One request at a time, with a body that may come slowly. */
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface RequestOptions extends http.RequestOptions {
  /** A body in this many pieces, with a pause before each but the first. */
  readonly pieces?: number;
  readonly pieceMs?: number;
}

/** A request that got no answer. */
export interface RequestError extends NodeJS.ErrnoException {
  /** It went out on a connection that had carried an answer before. */
  readonly reused?: boolean;
}

const PIECE = "x".repeat(1_000);

/** A POST has a body of one piece unless told otherwise. */
export function request(url: URL, { pieces = 1, pieceMs = 0, ...options }: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => reject(Object.assign(error, { reused: asked.reusedSocket }));
    const asked = http.request(url, { timeout: 20_000, ...options }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      response.on("error", failed);
    });
    asked.on("error", failed);
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    if (options.method === "POST") void sendBody(asked, pieces, pieceMs);
    else asked.end();
  });
}

async function sendBody(asked: http.ClientRequest, pieces: number, pieceMs: number): Promise<void> {
  for (let piece = 1; piece < pieces && !asked.destroyed; piece++) {
    asked.write(PIECE);
    await pause(pieceMs);
  }
  asked.end(PIECE);
}
