import { createLog, type KeeperLog } from "../../keepers/kit/logger.js";

/** A log whose events a test can look at. */
export function capturedLog(): {
  readonly log: KeeperLog;
  readonly events: () => Record<string, unknown>[];
  names: () => string[];
} {
  const lines: string[] = [];
  const log = createLog({
    format: "json",
    level: "debug",
    keeper: "test",
    network: "test",
    write: (line) => void lines.push(line),
  });
  const events = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, events, names: () => events().map((entry) => String(entry["event"])) };
}
