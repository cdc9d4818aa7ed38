/** Asks an SSH server for environment variables and waits for its answers, which ssh2 does not do by itself. */
import type { Client } from "ssh2";

/** The parts of ssh2 1.17 that are not in its types: lib/client.js, `reqEnv` and `reqExec`. */
interface Internals {
  _chanMgr: { get(id: number): { _callbacks: ((failed: boolean) => void)[] } };
  _protocol: {
    env(channel: number, name: string, value: string, wantReply: boolean): void;
    exec(channel: number, command: string, wantReply: boolean): void;
  };
}

/**
 * For the next `exec` of this client: the command is sent only when every variable was answered for. ssh2 sends
 * variables without asking for a reply, so a command would run without those that the server's AcceptEnv doesn't name.
 * @param refused told each variable that was not accepted; false stops, and the command is never sent.
 */
export function requestEnvironment(client: Client, refused: (name: string) => boolean): void {
  const { _protocol: protocol, _chanMgr: channels } = client as unknown as Internals;
  const { env, exec } = protocol;
  const answers: Promise<boolean>[] = [];
  protocol.env = (channel, name, value) => {
    const answer = new Promise<boolean>((resolve) => {
      // Channel 0: each command has a client of its own, and this is its first channel.
      channels.get(0)._callbacks.push((failed) => resolve(!failed || refused(name)));
    });
    answers.push(answer);
    env.call(protocol, channel, name, value, true);
  };
  protocol.exec = (channel, command, wantReply) => {
    Object.assign(protocol, { env, exec });
    void Promise.all(answers).then((goOn) => {
      if (goOn.every(Boolean)) exec.call(protocol, channel, command, wantReply);
    });
  };
}
