import * as pulumi from "@pulumi/pulumi";
import { Fleet, type FleetArgs } from "fleetwright";

const stack = pulumi.getStack();

/** One machine with one core is enough to show the wiring. */
const machines: FleetArgs["machines"] = { provider: "local", count: 1, cores: [1] };

/** The house rule of this platform: every command of a fleet carries the stack's name. */
const withStackName: pulumi.ResourceTransform = ({ type, props, opts }) => {
  if (type !== "command:local:Command") return undefined;
  return { props: { ...props, environment: { ...props.environment, PLATFORM_STACK: stack } }, opts };
};

const hello = new Fleet("hello", { app: { dir: "apps/hello" }, machines, workers: 1 }, { transforms: [withStackName] });

// The second fleet is told where the first one is: an Output goes in as it is.
const front = new Fleet(
  "front",
  {
    app: { dir: "apps/front", environment: { HELLO_URL: hello.urls.apply(([url]) => url ?? ""), STACK: stack } },
    machines,
    workers: { count: "auto", max: 2 },
  },
  { transforms: [withStackName] },
);

export const urls = { hello: hello.urls, front: front.urls };
export const caBundles = { hello: hello.caBundle, front: front.caBundle };
/** By these `npx fleet status` finds the machines. */
export const inventories = { hello: hello.inventory, front: front.inventory };
export const workers = pulumi.all([hello.workers, front.workers]).apply(([one, two]) => ({ ...one, ...two }));
