/** The lines of a refusal, each with its key path; none when the configuration is accepted. */
export function problemLines(parse: () => unknown): string[] {
  try {
    parse();
  } catch (error) {
    return (error as Error).message
      .split("\n")
      .filter((line) => line.startsWith("  - "))
      .map((line) => line.slice(4));
  }
  return [];
}
