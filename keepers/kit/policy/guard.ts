/**
 * The look just before a signature: what an action costs and moves, measured by data that the signer's key cannot write and that the
 * decision did not use. Asked outside of any transaction, because nodes may let it wait.
 */
import type { Head } from "../provider.js";
import type { Intent } from "../submitter.js";
import type { PolicyRefusal } from "./types.js";

/**
 * Undefined: nothing speaks against it. Asked for new effects and for better paid bytes of them, never for a no-op.
 * @throws RetryableError when nodes do not answer or do not agree; nothing may be signed then.
 */
export type SigningGuard = (intent: Intent, head: Head) => Promise<PolicyRefusal | undefined>;
