/** How calls of our own to AWS are made: with the credentials that the AWS command line and Pulumi's provider find, too. */

export interface AwsPlace {
  region: string;
  /** Of the AWS configuration; without it, `AWS_PROFILE` and the usual order. */
  profile?: string | undefined;
}

/** Options of a client of the AWS SDK. Throttled calls and those that AWS failed are repeated by the SDK. */
export function clientOptions({ region, profile }: AwsPlace) {
  return { region, maxAttempts: 8, retryMode: "adaptive", ...(profile === undefined ? {} : { profile }) };
}
