/** The chains that can be simulated, in the order in which a spread is taken. */
export const TWO_CHAINS = [138, 651940] as const;
