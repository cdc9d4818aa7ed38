/** A program on a terminal of its own, with somebody who types: Python has pseudo-terminals, Node hasn't. */
import { type Run, runIn } from "./project.ts";

const SCRIPT = `
import os, pty, sys
prompt, keys = sys.argv[1].encode(), bytes.fromhex(sys.argv[2])
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
seen, typed = b"", False
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if not typed and prompt in seen:
        os.write(terminal, keys)
        typed = True
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
`;

/** @param keys typed once the prompt is there @returns everything that the terminal showed, as `stdout` */
export function onTerminal(folder: string, command: readonly string[], { prompt, keys }: { prompt: string; keys: string }): Promise<Run> {
  return runIn(folder, "python3", ["-c", SCRIPT, prompt, Buffer.from(keys).toString("hex"), ...command]);
}
