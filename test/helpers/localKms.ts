/** AWS KMS on this machine: its HTTP API as far as keys use it. It checks every request's signature and answers real DER. */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { computeAddress } from "ethers";

import { derOf, signUntil, spkiOf, type RawSignature } from "./ecdsa.js";
import { signatureProblem, type Credentials } from "./sigV4.js";

export const KMS_CREDENTIALS: Credentials = {
  accessKeyId: "AKIDLOCALTEST",
  secretAccessKey: "a secret of this test only",
};
export const KMS_REGION = "eu-central-1";
export const KMS_KEY_ID = "arn:aws:kms:eu-central-1:111122223333:key/keeper";

/** The SDK reads its credentials from the environment of the process: while this work runs they are those of the local KMS. */
export async function withKmsCredentials<T>(work: () => Promise<T>): Promise<T> {
  const own = {
    AWS_ACCESS_KEY_ID: KMS_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: KMS_CREDENTIALS.secretAccessKey,
  };
  const saved = Object.keys(own).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, own);
  try {
    return await work();
  } finally {
    for (const [name, value] of saved) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  }
}

type Body = Record<string, unknown>;
/** Answers instead of the real one; undefined lets the request through. */
export type KmsFault = (
  operation: string,
  count: number,
) => "hang" | "drop" | { status: number; error: string } | undefined;

export class LocalKms {
  /** Operations whose signature was right, in order. */
  readonly served: string[] = [];
  /** Why requests were refused before anything else. */
  readonly unsigned: string[] = [];
  fault: KmsFault = () => undefined;
  /** What r and s must look like. */
  shape: (signature: RawSignature) => boolean = () => true;
  /** Changes the answer of an operation. */
  answer: (operation: string, body: Body) => Body = (_, body) => body;
  private readonly master = randomBytes(32);
  private requests = 0;

  private constructor(
    private readonly server: Server,
    private privateKey: bigint,
  ) {}

  static async start(privateKey: bigint): Promise<LocalKms> {
    const server = createServer();
    const kms = new LocalKms(server, privateKey);
    server.on("request", (request, response) => void kms.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return kms;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  get address(): string {
    return computeAddress(`0x${this.privateKey.toString(16).padStart(64, "0")}`);
  }

  /** From now on another key signs, as if the alias had been moved. */
  replaceKey(privateKey: bigint): void {
    this.privateKey = privateKey;
  }

  /** A data key in both forms, as GenerateDataKey gives it. */
  dataKey(context: Record<string, string>): { plaintext: Buffer; encrypted: Buffer } {
    const plaintext = randomBytes(32);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.master, nonce, { authTagLength: 16 });
    cipher.setAAD(Buffer.from(JSON.stringify(context)));
    const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return { plaintext, encrypted: Buffer.concat([nonce, cipher.getAuthTag(), sealed]) };
  }

  close(): Promise<unknown> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const reply = (status: number, content: Body): void => {
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(content));
    };
    const signed = { method: request.method ?? "", url: request.url ?? "", headers: request.headers, body };
    const problem = signatureProblem(signed, KMS_CREDENTIALS, { region: KMS_REGION, service: "kms" });
    if (problem !== undefined) {
      this.unsigned.push(problem);
      reply(400, { __type: problem.split(":")[0] ?? "", message: problem });
      return;
    }
    this.requests += 1;
    const fault = this.fault(operation, this.requests);
    if (fault === "hang") return;
    if (fault === "drop") {
      request.socket.destroy();
      return;
    }
    if (fault !== undefined) {
      reply(fault.status, { __type: fault.error, message: "injected" });
      return;
    }
    this.served.push(operation);
    try {
      reply(200, this.answer(operation, this.serve(operation, JSON.parse(body.toString()) as Body)));
    } catch (error) {
      reply(400, { __type: error instanceof Error ? error.message : "ValidationException" });
    }
  }

  private serve(operation: string, body: Body): Body {
    switch (operation) {
      case "GetPublicKey":
        this.requireKey(body);
        return {
          KeyId: KMS_KEY_ID,
          KeySpec: "ECC_SECG_P256K1",
          KeyUsage: "SIGN_VERIFY",
          SigningAlgorithms: ["ECDSA_SHA_256"],
          PublicKey: spkiOf(this.privateKey).toString("base64"),
        };
      case "Sign": {
        this.requireKey(body);
        const digest = Buffer.from(String(body["Message"]), "base64");
        if (body["MessageType"] !== "DIGEST" || body["SigningAlgorithm"] !== "ECDSA_SHA_256" || digest.length !== 32) {
          throw new Error("ValidationException");
        }
        const signature = signUntil(this.privateKey, BigInt(`0x${digest.toString("hex")}`), this.shape);
        return { KeyId: KMS_KEY_ID, Signature: derOf(signature).toString("base64"), SigningAlgorithm: "ECDSA_SHA_256" };
      }
      case "GenerateDataKey": {
        this.requireKey(body);
        if (body["KeySpec"] !== "AES_256") throw new Error("ValidationException");
        const { plaintext, encrypted } = this.dataKey((body["EncryptionContext"] ?? {}) as Record<string, string>);
        return {
          KeyId: KMS_KEY_ID,
          Plaintext: plaintext.toString("base64"),
          CiphertextBlob: encrypted.toString("base64"),
        };
      }
      case "Decrypt": {
        const blob = Buffer.from(String(body["CiphertextBlob"]), "base64");
        const decipher = createDecipheriv("aes-256-gcm", this.master, blob.subarray(0, 12), { authTagLength: 16 });
        decipher.setAAD(Buffer.from(JSON.stringify(body["EncryptionContext"] ?? {})));
        decipher.setAuthTag(blob.subarray(12, 28));
        let plaintext: Buffer;
        try {
          plaintext = Buffer.concat([decipher.update(blob.subarray(28)), decipher.final()]);
        } catch {
          throw new Error("InvalidCiphertextException");
        }
        return { KeyId: KMS_KEY_ID, Plaintext: plaintext.toString("base64"), EncryptionAlgorithm: "SYMMETRIC_DEFAULT" };
      }
      default:
        throw new Error("UnknownOperationException");
    }
  }

  private requireKey(body: Body): void {
    if (body["KeyId"] !== KMS_KEY_ID) throw new Error("NotFoundException");
  }
}
