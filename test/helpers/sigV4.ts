/** AWS Signature Version 4 as the server checks it, written from its description ("Create a signed AWS API request"). */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;
const MAX_SKEW_MS = 5 * 60_000;

/** What is wrong with the signature of a request; undefined when it is right. */
export function signatureProblem(
  request: SignedRequest,
  credentials: Credentials,
  scope: { readonly region: string; readonly service: string },
): string | undefined {
  const parts = AUTHORIZATION.exec(request.headers.authorization ?? "");
  if (parts === null) return "MissingAuthenticationToken";
  const [, key, date = "", region, service, signedHeaders = "", signature = ""] = parts;
  if (key !== credentials.accessKeyId) return "UnrecognizedClientException";
  if (region !== scope.region || service !== scope.service) return "SignatureDoesNotMatch: scope";
  const names = signedHeaders.split(";");
  for (const required of ["host", "x-amz-date"])
    if (!names.includes(required)) return `IncompleteSignature: ${required}`;
  // Everything that says what is asked must be covered.
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith("x-amz-") && !names.includes(name)) return `IncompleteSignature: ${name}`;
  }
  const stamp = headerOf(request.headers, "x-amz-date");
  if (!stamp.startsWith(date)) return "SignatureDoesNotMatch: date";
  const sentMs = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!(Math.abs(Date.now() - sentMs) <= MAX_SKEW_MS)) return "RequestExpired";

  const [path = "/", query = ""] = request.url.split("?");
  const canonical = [
    request.method,
    path,
    query.split("&").sort().join("&"),
    ...names.map((name) => `${name}:${headerOf(request.headers, name).trim().replaceAll(/ +/g, " ")}`),
    "",
    signedHeaders,
    sha256(request.body),
  ].join("\n");
  const credentialScope = `${date}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", stamp, credentialScope, sha256(Buffer.from(canonical))].join("\n");
  let signingKey: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
  for (const part of [date, scope.region, scope.service, "aws4_request"]) signingKey = hmac(signingKey, part);
  const expected = hmac(signingKey, toSign);
  return timingSafeEqual(expected, Buffer.from(signature, "hex")) ? undefined : "SignatureDoesNotMatch";
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(",") : (value ?? "");
}

function sha256(data: Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
