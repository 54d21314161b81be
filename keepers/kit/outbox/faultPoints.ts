/** Places between two lines at which a process may die; the crash benchmark kills at each of them. */
export const FAULT_POINTS = [
  "submit.before-commit",
  "submit.after-commit",
  "submit.after-assign",
  "submit.after-remote-signature",
  "send.before",
  "send.after-without-reply",
  "send.after-reply",
  "settle.before-commit",
  "settle.after-commit",
  "bump.before-commit",
  "bump.after-commit",
  "unwind.before-commit",
  "unwind.after-commit",
] as const;

export type FaultPoint = (typeof FAULT_POINTS)[number];

/** Called at each point; does nothing outside of benchmarks and tests. */
export type AtFaultPoint = (point: FaultPoint) => void | Promise<void>;
