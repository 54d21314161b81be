import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";

import { FileStore } from "../../deploy/store.js";
import { verify, type VerifyResult } from "../../deploy/verify.js";
import { connect } from "../connect.js";
import { runTask, type TaskAnswer } from "../report.js";

export default async function (args: { readonly json: boolean }, hre: HardhatRuntimeEnvironment): Promise<void> {
  await runTask(args.json, async () => {
    const connected = await connect(hre, true);
    try {
      const { loaded, provider, network } = connected;
      return toAnswer(await verify({ loaded, provider, store: new FileStore(network) }), network);
    } finally {
      await connected.close();
    }
  });
}

function toAnswer(result: VerifyResult, network: string): TaskAnswer {
  const lines = result.ok
    ? [`${network}: chain, record and parameters agree`]
    : result.differences.map(({ kind, id, found, expected }) => `${kind} ${id}: found ${found}, expected ${expected}`);
  return { ok: result.ok, json: result, lines };
}
