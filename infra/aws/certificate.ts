/** The balancer's certificate, proved by records in the zone that the names are in. */
import { Certificate } from "@pulumi/aws/acm/certificate.js";
import { CertificateValidation } from "@pulumi/aws/acm/certificateValidation.js";
import { Record } from "@pulumi/aws/route53/record.js";
import type * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface CertificateArgs {
  zoneId: pulumi.Input<string>;
  /** At least one. */
  names: readonly string[];
  /** Whether a stack in another region has a certificate for the same names, which the same records prove: they stay when this one goes. */
  shared: boolean;
}

/** The certificate's ARN, once it has been issued. */
export function certificateFor(scope: Scope, { zoneId, names, shared }: CertificateArgs): pulumi.Output<string> {
  const [domainName = "", ...subjectAlternativeNames] = names;
  const name = `${scope.fleet}-certificate`;
  const certificate = new Certificate(
    name,
    { domainName, subjectAlternativeNames, validationMethod: "DNS", tags: tagsOf(scope, name) },
    childOf(scope),
  );
  const validationRecordFqdns = names.map((domain) => proofOf(scope, certificate, domain, { zoneId, shared }).fqdn);
  return new CertificateValidation(name, { certificateArn: certificate.arn, validationRecordFqdns }, childOf(scope)).certificateArn;
}

/** The record by which AWS sees that a name is ours. */
function proofOf(scope: Scope, certificate: Certificate, domain: string, { zoneId, shared }: Omit<CertificateArgs, "names">): Record {
  const proof = certificate.domainValidationOptions.apply((all) => {
    const found = all.find(({ domainName }) => domainName === domain);
    if (found === undefined) throw new Error(`AWS asks for no proof of ${domain}`);
    return found;
  });
  // A certificate of another stack for the same name is proved by the same record.
  return new Record(
    `${scope.fleet}-proof-${domain}`,
    {
      zoneId,
      name: proof.resourceRecordName,
      type: proof.resourceRecordType,
      records: [proof.resourceRecordValue],
      ttl: 60,
      allowOverwrite: true,
    },
    { ...childOf(scope), retainOnDelete: shared },
  );
}
