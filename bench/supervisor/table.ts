/** Tables on the terminal. */
import Table from "cli-table3";

export interface Row {
  readonly [column: string]: string;
}

/** Columns are those of the rows, in the order in which they first come. */
export function render(title: string, rows: readonly Row[], notes: readonly string[] = []): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const table = new Table({ head: columns, style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push(columns.map((column) => row[column] ?? ""));
  return [`\n${title}`, table.toString(), ...notes.map((note) => `  ${note}`)].join("\n");
}
