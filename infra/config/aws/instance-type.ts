/** What the name of an EC2 instance type says. Pure; its vCPUs are asked of AWS in the preview, which knows the types of tomorrow too. */

/** `family` + generation + attributes (+ variant) `.` size: `m7g.large`, `c7i-flex.xlarge`, `u-6tb1.56xlarge`. */
const TYPE = /^([a-z]+?)-?(\d+)([a-z]*\d*)(-[a-z0-9]+)?\.([a-z0-9-]+)$/;

/** The architecture of an instance type; undefined where its name doesn't follow the rule, and for what can't run Debian. */
export function architectureOf(type: string): "x64" | "arm64" | undefined {
  const [, family, , attributes = "", variant = ""] = TYPE.exec(type) ?? [];
  if (family === undefined || family === "mac") return undefined;
  // Graviton has a "g" among the letters after the generation; the first one, a1, and NVIDIA's Grace are named otherwise.
  return family === "a" || attributes.includes("g") || variant.startsWith("-gb") ? "arm64" : "x64";
}

/** Whether it is written like an instance type. */
export function isInstanceType(type: string): boolean {
  return TYPE.test(type);
}
