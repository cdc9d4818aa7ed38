/** What AWS would decide about the resources of a group. */

export function groupOutputs(type: string, name: string, id: string): Record<string, unknown> {
  switch (type) {
    case "aws:ec2/launchTemplate:LaunchTemplate":
      return { latestVersion: 7 };
    case "aws:autoscaling/group:Group":
      return { name: id };
    case "aws:lb/loadBalancer:LoadBalancer":
    case "aws:lb/targetGroup:TargetGroup":
      return { arn: id, arnSuffix: `<suffix of ${name}>`, dnsName: `${name}.elb.example`, zoneId: `Z0BALANCER` };
    case "aws:lb/listener:Listener":
      return { arn: id };
    case "aws:s3/bucket:Bucket":
      return { bucket: id, arn: `arn:aws:s3:::${name}` };
    case "aws:kms/key:Key":
      return { arn: `arn:aws:kms:eu-central-1:111122223333:key/mrk-${name}` };
    case "aws:kms/replicaKey:ReplicaKey":
      return { arn: `arn:aws:kms:eu-west-1:111122223333:key/mrk-${name}` };
    case "aws:acm/certificate:Certificate":
      return { arn: id, domainValidationOptions: ["app.example.org", "www.example.org"].map(proofOf) };
    case "aws:acm/certificateValidation:CertificateValidation":
      return { certificateArn: "<Certificate web-certificate>" };
    case "aws:route53/record:Record":
      return { fqdn: `<${name}>` };
    case "aws:secretsmanager/secret:Secret":
      return { arn: `arn:aws:secretsmanager:eu-central-1:111122223333:secret:${name}` };
    case "aws:secretsmanager/secretVersion:SecretVersion":
      return { versionId: "11111111-2222-3333-4444-555555555555" };
    default:
      return {};
  }
}

function proofOf(domainName: string) {
  return {
    domainName,
    resourceRecordName: `_1.${domainName}`,
    resourceRecordType: "CNAME",
    resourceRecordValue: "_2.acm-validations.aws",
  };
}
