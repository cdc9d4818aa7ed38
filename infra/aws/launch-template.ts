/** What each machine of a group starts as: one version of it is one release. */
import { LaunchTemplate } from "@pulumi/aws/ec2/launchTemplate.js";
import * as pulumi from "@pulumi/pulumi";
import { childOf, type Scope, tagsOf } from "./scope.ts";

export interface TemplateArgs {
  image: string;
  /** Whether machines have an address of their own for the way out. */
  publicAddress: boolean;
  securityGroupId: pulumi.Input<string>;
  /** Name of the instance profile. */
  profile: pulumi.Input<string>;
  diskGiB: number;
  kmsKey: pulumi.Input<string> | undefined;
  /** The boot script. */
  userData: pulumi.Input<string>;
  /** What a machine fetches when it starts. */
  dependsOn: pulumi.Resource[];
}

export function launchTemplate(scope: Scope, args: TemplateArgs): LaunchTemplate {
  const name = `${scope.fleet}-machine`;
  const tags = tagsOf(scope, name);
  return new LaunchTemplate(
    name,
    {
      imageId: args.image,
      iamInstanceProfile: { name: args.profile },
      // One hop: what is in a container on the machine doesn't reach the role's credentials.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      networkInterfaces: [
        {
          deviceIndex: 0,
          associatePublicIpAddress: String(args.publicAddress),
          securityGroups: [args.securityGroupId],
          deleteOnTermination: "true",
        },
      ],
      blockDeviceMappings: [{ deviceName: ROOT_DEVICE, ebs: diskOf(args) }],
      tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({ resourceType, tags })),
      userData: pulumi.output(args.userData).apply((text) => Buffer.from(text).toString("base64")),
      // Nothing of ours starts the default; AWS would never let go of the first one otherwise.
      updateDefaultVersion: true,
      tags,
    },
    childOf(scope, args.dependsOn),
  );
}

/** Of Debian's images. */
const ROOT_DEVICE = "/dev/xvda";

function diskOf({ diskGiB, kmsKey }: TemplateArgs) {
  return {
    volumeType: "gp3",
    volumeSize: diskGiB,
    encrypted: "true",
    deleteOnTermination: "true",
    ...(kmsKey === undefined ? {} : { kmsKeyId: kmsKey }),
  };
}
