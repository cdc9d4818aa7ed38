/** What a call that failed means to what runs at AWS, whether we watch or not. Pure. */

/** `passing`: asked again. `login`: nobody can ask before a person has logged in. `refused`: asking again changes nothing. */
export type Trouble = "passing" | "login" | "refused";

const LOGIN = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "RequestExpired",
  "TokenRefreshRequired",
  "CredentialsProviderError",
  "TokenProviderError",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
]);

/** The SDK marks throttling and faults of AWS's own; a connection that fails has a code of the system's. */
export function troubleOf(error: unknown): Trouble {
  const { name, code, $retryable, $metadata } = error as Failure;
  if (LOGIN.has(name ?? "") || LOGIN.has(code ?? "")) return "login";
  if ($retryable !== undefined || THROTTLED.test(name ?? "")) return "passing";
  const status = $metadata?.httpStatusCode;
  if (status !== undefined) return status >= 500 || status === 429 ? "passing" : "refused";
  return name === "TimeoutError" || CONNECTION.test(code ?? "") ? "passing" : "refused";
}

interface Failure {
  name?: string;
  code?: string;
  $retryable?: object;
  $metadata?: { httpStatusCode?: number };
}

const THROTTLED = /^(Throttling|ThrottlingException|ThrottledException|RequestLimitExceeded|TooManyRequestsException|SlowDown)$/;
const CONNECTION = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
