/** One signed question to an AWS service, and what its refusal means. */
import { AwsV4Signer } from "aws4fetch";
import type { InstanceCredentials } from "./credentials.ts";

export interface Service {
  /** As signatures name it: "logs", "monitoring". */
  name: string;
  url: string;
  region: string;
  credentials: InstanceCredentials;
}

/** AWS has understood, and said no. */
export class AwsRefusal extends Error {
  /** For example `ThrottlingException`. */
  readonly code: string;
  readonly status: number;

  constructor(code: string, status: number, words: string) {
    super(`HTTP ${status} ${code}${words === "" ? "" : `: ${words}`}`);
    this.code = code;
    this.status = status;
  }
}

const TIMEOUT_MS = 30_000;
/** Of what a refusal says. */
const LONGEST_WORDS = 300;

/**
 * @returns the answer's text
 * @throws AwsRefusal, or what fetch throws when there is no answer
 */
export async function call(service: Service, headers: Record<string, string>, body: string): Promise<string> {
  const { name, url, region, credentials } = service;
  // `allHeaders`: the content's type, too, is what we have sent.
  const signed = await new AwsV4Signer({
    ...(await credentials.get()),
    url: `${url}/`,
    method: "POST",
    headers,
    body,
    service: name,
    region,
    allHeaders: true,
  }).sign();
  const { method, headers: sent } = signed;
  const answer = await fetch(signed.url, { method, headers: sent, body, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const text = await answer.text();
  if (answer.ok) return text;
  const refusal = refusalOf(answer.status, text);
  if (EXPIRED.test(refusal.code)) credentials.forget();
  throw refusal;
}

const EXPIRED = /^(ExpiredToken|ExpiredTokenException|UnrecognizedClientException|InvalidClientTokenId|InvalidSignatureException)$/;

/** The services that speak JSON and those that speak XML name it differently. Pure. */
export function refusalOf(status: number, text: string): AwsRefusal {
  const code = /"__type" *: *"(?:[^"#]*#)?([A-Za-z]+)"/.exec(text)?.[1] ?? /<Code>([A-Za-z.]+)<\/Code>/.exec(text)?.[1] ?? "";
  const words = /"[mM]essage" *: *"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? /<Message>([^<]*)<\/Message>/.exec(text)?.[1] ?? "";
  return new AwsRefusal(code, status, words.slice(0, LONGEST_WORDS));
}

/** In words for the journal; fetch hides the cause. */
export function wordsOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: { message?: string; code?: string } };
  const why = cause?.message || cause?.code;
  return why === undefined ? message : `${message} (${why})`;
}
