/** What a check reports: a broken rule, where, and what to do. Tests compare rules and places, never messages. */
export interface Finding {
  readonly rule: string;
  readonly place: string;
  readonly message: string;
}
