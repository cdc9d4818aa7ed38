/** The supervisor's own lines, in the form that uvicorn's users know. */
export type Level = "info" | "warning" | "error";
export type Fields = Readonly<Record<string, string | number>>;
export type Log = (level: Level, text: string, fields?: Fields) => void;

export function log(level: Level, text: string): void {
  process.stderr.write(`${`${level.toUpperCase()}:`.padEnd(9)} ${text}\n`);
}
