import assert from "node:assert/strict";
import { test } from "node:test";
import { hostKeyOf } from "../../../../infra/machines/ec2/console.ts";

const ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAID6+zTzbcKQ6WxmvZlLGL3OggTYOSQgMS09BAYMVawmi";
const OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPUUmXRkXMRmYRHEkbkRwmDFpsP9bBLLqUAWPlBdyXm";
const ECDSA =
  "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBNU6rY2i/FscR3ANdCAV5n979Lpf3HRzXuFqZksu9qH4S1BqoX2l1E3Ebu7YGDLcRT0AueM4DKyZjzf+OUvtNZo=";

/** As cloud-init writes it to a serial console. */
function booted(...keys: string[]): string {
  return [
    "[    0.000000] Linux version 6.12.43+deb13-cloud-amd64",
    "Debian GNU/Linux 13 ip-10-80-0-10 ttyS0",
    "<14>Nov 28 10:00:01 cloud-init: -----BEGIN SSH HOST KEY FINGERPRINTS-----",
    "<14>Nov 28 10:00:01 cloud-init: 256 SHA256:abc root@ip-10-80-0-10 (ED25519)",
    "<14>Nov 28 10:00:01 cloud-init: -----END SSH HOST KEY FINGERPRINTS-----",
    "-----BEGIN SSH HOST KEY KEYS-----",
    ...keys,
    "-----END SSH HOST KEY KEYS-----",
    "ip-10-80-0-10 login: ",
  ].join("\r\n");
}

test("of a machine's keys the Ed25519 one is taken, without the comment", () => {
  assert.equal(hostKeyOf(booted(`${ECDSA} root@ip-10-80-0-10`, `${ED25519} root@ip-10-80-0-10`)), ED25519);
  assert.equal(hostKeyOf(booted(`${ECDSA} root@ip-10-80-0-10`)), ECDSA);
});

test("there is no key before the list has its end", () => {
  const whole = booted(`${ED25519} root@host`);
  assert.equal(hostKeyOf(""), undefined);
  assert.equal(hostKeyOf(whole.slice(0, whole.indexOf("-----END SSH HOST KEY KEYS"))), undefined);
});

test("a key that a kernel message cut in two is passed over", () => {
  const cut = ED25519.replace("AAAAID6", "AAAAID6[   12.3] random: crng init done\r\n");
  assert.equal(hostKeyOf(booted(cut, `${ECDSA} root@host`)), ECDSA);
  assert.equal(hostKeyOf(booted(ED25519.slice(0, -4))), undefined);
});

test("what is written to the console later, by whoever has become root, doesn't count", () => {
  assert.equal(hostKeyOf(`${booted(`${ED25519} root@host`)}\r\n${booted(`${OTHER} root@host`)}`), ED25519);
});

test("a key in another place of the console is none", () => {
  assert.equal(hostKeyOf(`${ED25519} root@host\r\n${booted()}`), undefined);
});
