/** HTTPS as a balancer asks a target. */
import { request } from "node:https";
import { text } from "node:stream/consumers";

/** By address, without a server's name, whatever the certificate (Elastic Load Balancing guide, "Target groups": it isn't validated). */
export function askAsBalancer(address: string, host: string, path = "/"): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: address, port: 443, path, headers: { host }, rejectUnauthorized: false, servername: "" });
    asked.on("error", reject).on("response", async (response) => resolve({ status: response.statusCode, body: await text(response) }));
    asked.end();
  });
}
