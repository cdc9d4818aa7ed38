/** From the journal's lines to what CloudWatch Logs takes at once. Pure. */

export interface LogEvent {
  /** Since 1970. */
  timestamp: number;
  /** Never empty: an event without text is refused. */
  message: string;
}

/** All limits: CloudWatch Logs API, "PutLogEvents". */
const BATCH_BYTES = 1_048_576;
const EVENT_OVERHEAD_BYTES = 26;
const BATCH_EVENTS = 10_000;
const BATCH_SPAN_MS = 86_400_000;

/** AWS took 256 KiB for years, overhead included, and takes more now; nobody reads a longer line. */
export const LONGEST_MESSAGE_BYTES = 262_144 - EVENT_OVERHEAD_BYTES;
const CUT = " [cut: the line is longer]";

/** A message that is taken, with a word where it was cut. */
export function cutMessage(message: string): string {
  // No character has more than three bytes for each of its units.
  if (message.length * 3 <= LONGEST_MESSAGE_BYTES) return message;
  const bytes = Buffer.from(message);
  if (bytes.length <= LONGEST_MESSAGE_BYTES) return message;
  let end = LONGEST_MESSAGE_BYTES - CUT.length;
  // Not in the middle of a character: those of UTF-8 go on with 10xxxxxx.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString("utf8") + CUT;
}

/** In the order of time, as is asked for: a clock that was set back leaves the journal in another. */
export function batchesOf(events: readonly LogEvent[]): LogEvent[][] {
  const batches: LogEvent[][] = [];
  let bytes = 0;
  for (const event of events.toSorted((a, b) => a.timestamp - b.timestamp)) {
    const size = Buffer.byteLength(event.message) + EVENT_OVERHEAD_BYTES;
    const last = batches.at(-1);
    const first = last?.[0];
    const fits = last !== undefined && first !== undefined && last.length < BATCH_EVENTS && bytes + size <= BATCH_BYTES;
    if (fits && event.timestamp - first.timestamp < BATCH_SPAN_MS) {
      last.push(event);
      bytes += size;
    } else {
      batches.push([event]);
      bytes = size;
    }
  }
  return batches;
}
