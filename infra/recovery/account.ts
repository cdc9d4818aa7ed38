/** The AWS account that a fleet lives in: put by with it, and asked for again before anything is made in another one by mistake. */
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { parse } from "yaml";
import { type AwsPlace, clientOptions } from "../aws/client.ts";
import type { Judgement } from "./judge.ts";
import type { RecoverySet } from "./set.ts";
import { fleetValueOf } from "./stack-text.ts";
import { parseStoreUrl } from "./store/url.ts";

/** STS answers in every region with the same account; this one has always been there. */
const ANY_REGION = "us-east-1";

/** Where a stack's own calls to AWS go: the keys of Pulumi's AWS provider, else what the environment says. Pure. */
export function awsPlaceOf(stackText: string, { AWS_REGION, AWS_DEFAULT_REGION }: NodeJS.ProcessEnv): AwsPlace {
  const config = (parse(stackText) as { config?: Record<string, unknown> } | null)?.config ?? {};
  const textOf = (key: string): string | undefined => (typeof config[key] === "string" ? config[key] : undefined);
  return { region: textOf("aws:region") ?? AWS_REGION ?? AWS_DEFAULT_REGION ?? ANY_REGION, profile: textOf("aws:profile") };
}

/**
 * The account that a stack's own provider works in, where its configuration says so by the role that it takes: whoever is logged in then
 * says nothing. Pure.
 */
export function accountOfRole(stackText: string): string | undefined {
  const config = (parse(stackText) as { config?: Record<string, unknown> } | null)?.config ?? {};
  const roles = [config["aws:assumeRole"], config["aws:assumeRoles"]].flat() as ({ roleArn?: unknown } | null | undefined)[];
  const arns = roles.flatMap((role) => (typeof role?.roleArn === "string" ? [role.roleArn] : []));
  return /^arn:[a-z-]+:iam::(\d{12}):role\//.exec(arns.at(-1) ?? "")?.[1];
}

/** What of a fleet is on AWS. Pure. */
export interface OnAws {
  machines: boolean;
  store: boolean;
}

/** @param types of the stack's resources; @param stores URLs: one with an endpoint of its own isn't Amazon's */
export function onAws(types: readonly string[], stores: readonly string[]): OnAws {
  const amazons = (url: string): boolean => {
    const address = parseStoreUrl(url);
    return address.kind === "s3" && address.endpoint === undefined;
  };
  return { machines: types.some((type) => type.startsWith("aws:")), store: stores.some(amazons) };
}

/** Whose credentials these are, or why that isn't known. */
export type Account = { id: string } | { why: string };

/** That a stack's resources are in. */
export async function accountOf(stackText: string, environment: NodeJS.ProcessEnv): Promise<Account> {
  const id = accountOfRole(stackText);
  return id === undefined ? currentAccount(awsPlaceOf(stackText, environment)) : { id };
}

/** Needs no permission: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export async function currentAccount(place: AwsPlace): Promise<Account> {
  const client = new STSClient(clientOptions(place));
  try {
    const { Account: id } = await client.send(new GetCallerIdentityCommand({}));
    return id === undefined ? { why: "AWS named no account" } : { id };
  } catch (error) {
    return { why: (error as Error).message };
  } finally {
    client.destroy();
  }
}

export interface AccountCheck {
  /** Of the set; undefined when nothing of the fleet was on AWS. */
  recorded: RecoverySet["aws"];
  now: Account | undefined;
  /** Whether machines are to be made on AWS. */
  makes: boolean;
  /** Whether the operator named other machines: those may be of another account. */
  others: boolean;
}

export type AccountJudgement = Pick<Judgement, "refusals" | "touches" | "warnings">;

/** Pure. */
export function judgeAccount({ recorded, now, makes, others }: AccountCheck): AccountJudgement {
  const none: AccountJudgement = { refusals: [], touches: [], warnings: [] };
  if (recorded === undefined || now === undefined) return none;
  if ("why" in now) {
    const text = `ACCOUNT: AWS account ${recorded.account} is the fleet's, and whose credentials these are isn't known: ${now.why}`;
    return makes ? { ...none, refusals: [text] } : { ...none, warnings: [text] };
  }
  if (now.id === recorded.account) return none;
  const text = `ACCOUNT: these are credentials of AWS account ${now.id}; the fleet was in account ${recorded.account}`;
  if (!makes) return { ...none, warnings: [text] };
  if (others) return { ...none, touches: [`${text}; the machines would be made in ${now.id}`] };
  return { ...none, refusals: [`${text}: log in to that one`] };
}

/** Whether a stack's file asks for machines on AWS; undefined where a program configures its fleets itself. Pure. */
export function makesOnAws(stackText: string): boolean | undefined {
  const value = fleetValueOf(stackText) as { machines?: { provider?: unknown } } | undefined;
  if (value === undefined) return undefined;
  return value.machines?.provider === "ec2" || value.machines?.provider === "autoscaling";
}
