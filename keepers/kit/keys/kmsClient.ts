/** The edge to AWS KMS: one client per key, and its failures by what can be done about them. */
import { KMSClient, type KMSClientConfig } from "@aws-sdk/client-kms";

import { PermanentError, RetryableError } from "../../../protocol/errors.js";

export interface KmsPlace {
  /** Key id, alias or ARN. */
  readonly keyId: string;
  readonly region: string;
  /** Another address than the region's own, such as a VPC endpoint. */
  readonly endpoint?: string | undefined;
}

/** Milliseconds after which a request counts as unanswered. */
const TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 2_000;
/** The SDK's own repeats of one request, with its backoff. */
const ATTEMPTS = 3;

/** The service is there, but not now. */
const LATER = new Set([
  "ThrottlingException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "LimitExceededException",
  "KMSInternalException",
  "DependencyTimeoutException",
  "KeyUnavailableException",
  "ServiceUnavailableException",
  "InternalFailure",
]);
const UNANSWERED = /^(?:TimeoutError|AbortError|NetworkingError)$/;
const SOCKET_ERRORS = /^(?:ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)/;
const FIRST_SERVER_ERROR = 500;

/** Credentials come from the SDK's own chain: environment, shared files, container, instance. */
export function openKms(
  place: KmsPlace,
  timeoutMs = TIMEOUT_MS,
  credentials?: KMSClientConfig["credentials"],
): KMSClient {
  return new KMSClient({
    region: place.region,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
      connectionTimeout: Math.min(timeoutMs, CONNECT_TIMEOUT_MS),
    },
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

/**
 * One request. @throws RetryableError KMS_UNAVAILABLE when it was not answered or asked for patience; PermanentError KMS_REFUSED when
 * the answer was no. Only the error's name is repeated: its text may quote what was sent.
 */
export async function askKms<T>(what: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    const { name, code, status } = describe(error);
    if (LATER.has(name) || UNANSWERED.test(name) || SOCKET_ERRORS.test(code) || status >= FIRST_SERVER_ERROR) {
      throw new RetryableError("KMS_UNAVAILABLE", `${what}: the KMS did not answer (${name})`, "it is tried again", {
        name,
      });
    }
    throw new PermanentError(
      "KMS_REFUSED",
      `${what}: the KMS answered ${name}`,
      "check key, region, permissions and clock",
      { name },
    );
  }
}

function describe(error: unknown): { name: string; code: string; status: number } {
  if (!(error instanceof Error)) return { name: "unknown", code: "", status: 0 };
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  return { name: error.name, code: typeof code === "string" ? code : "", status: $metadata?.httpStatusCode ?? 0 };
}
