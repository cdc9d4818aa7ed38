/** What AWS answers to the program's questions, for the machines of samples.ts. */
export function answerOf(token: string, inputs: Record<string, unknown>): object {
  if (token === "aws:route53/getZone:getZone") return { ...inputs, zoneId: "Z0EXISTING", id: "Z0EXISTING" };
  throw new Error(`the program asks ${token}, which no test answers`);
}
