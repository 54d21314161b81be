/** Histories that are made, by name: apart, so that a command's help need not load the system. */
export const TRACES = ["crash", "grind", "spike"] as const;
export type TraceName = (typeof TRACES)[number];
