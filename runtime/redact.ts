/** Takes known secrets out of text that people or logs will see. Pure. */

export const REDACTED = "[secret]";

/** Shorter than this, a value is in too many innocent words. */
const SHORTEST_VALUE = 4;
/** The same for a line of a longer value. */
const SHORTEST_LINE = 8;
/** A long value is also known by any piece of it that has nearly twice this many characters. */
const BLOCK = 16;

export type Redact = (text: string) => string;

/**
 * Finds each value as a whole, each longer line of it, and both as they look in JSON (once and twice), in Python's and Node's
 * quotes, in a URL and in base64 (also in the middle of more, as in a Basic authorization); of long values, any longer piece.
 */
export function redactor(values: Iterable<string>): Redact {
  const known = [...values];
  // Longest first: a line that goes before its whole would leave the rest of it.
  const needles = [...new Set(known.flatMap(needlesOf))].sort((a, b) => b.length - a.length);
  const pieces = blocksOf(known.filter((value) => value.length > 2 * BLOCK).flatMap((value) => [value, jsonText(value)]));
  return (text) => needles.reduce((rest, needle) => rest.replaceAll(needle, REDACTED), withoutPieces(pieces, text));
}

function needlesOf(value: string): string[] {
  const lines = value.split(/\r?\n/).map((line) => line.trim());
  const texts = [value, value.trim(), ...lines.filter((line) => line.length >= SHORTEST_LINE)];
  return texts.filter((text) => text.length >= SHORTEST_VALUE).flatMap(formsOf);
}

function formsOf(text: string): string[] {
  const json = jsonText(text);
  const url = encodeURIComponent(text.toWellFormed());
  return [
    text,
    json,
    jsonText(json),
    json.replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`),
    ...quotedForms(json),
    url,
    url.replaceAll("%20", "+"),
    url.replaceAll("%2F", "/"),
    ...base64Forms(text),
  ];
}

const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Python's and Node's quotes: double quotes stand for themselves in single ones, single ones may get a backslash. */
function quotedForms(json: string): string[] {
  const plain = json.replaceAll('\\"', '"');
  return [plain, plain.replaceAll("'", "\\'")];
}

/** In each of the three places where a value may begin within base64; without what depends on its neighbours. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = [0, 2, 3][before] ?? 0;
    const form = bytes.toString("base64").slice(whole, Math.floor((bytes.length * 8) / 6));
    return form.length < SHORTEST_LINE ? [] : [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}

interface Place {
  of: string;
  at: number;
}

/** Every block that starts at a multiple of its length: a piece of twice that length holds one of them whole. */
function blocksOf(texts: readonly string[]): Map<string, Place> {
  const blocks = new Map<string, Place>();
  for (const of of texts) for (let at = 0; at + BLOCK <= of.length; at += BLOCK) blocks.set(of.slice(at, at + BLOCK), { of, at });
  return blocks;
}

function withoutPieces(blocks: Map<string, Place>, text: string): string {
  if (blocks.size === 0) return text;
  let done = 0;
  let out = "";
  for (let at = 0; at + BLOCK <= text.length; at += 1) {
    const place = blocks.get(text.slice(at, at + BLOCK));
    if (place === undefined) continue;
    const [start, end] = extend(text, at, done, place);
    out += text.slice(done, start) + REDACTED;
    done = end;
    at = end - 1;
  }
  return out + text.slice(done);
}

/** As far as the text and the value agree on both sides. */
function extend(text: string, from: number, done: number, { of, at }: Place): [number, number] {
  let start = 0;
  while (from - start > done && at - start > 0 && text[from - start - 1] === of[at - start - 1]) start += 1;
  let end = BLOCK;
  while (from + end < text.length && at + end < of.length && text[from + end] === of[at + end]) end += 1;
  return [from - start, from + end];
}
