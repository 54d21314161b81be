import { emptyTask, task } from "hardhat/config";

const JSON_FLAG = { name: "json", description: "Print one JSON object as the last line of standard output" } as const;
const DEPLOYMENTS_OPTION = {
  name: "deployments",
  description: "Folder with params/ and the records; the repository's own unless given",
  defaultValue: "",
} as const;
const PROGRAMS_OPTION = {
  name: "programs",
  description: "Solana: folder with the built programs (NAME.so, NAME.json); programs/prebuilt unless given",
  defaultValue: "",
} as const;
const NETWORKS_OPTION = {
  name: "networks",
  description: "Instead of --network: both chains of one deployment, for example chain138,alltra",
  defaultValue: "",
} as const;

/** Our Hardhat tasks. Their actions load only when they run. */
export const cantileverTasks = [
  task("deploy", "Bring a network to what deployments/params says: a dry run unless --execute is given")
    .addOption(NETWORKS_OPTION)
    .addFlag({ name: "execute", description: "Send transactions and write deployments/<network>.json" })
    .addOption({ name: "only", description: "Only steps or contracts whose name contains this", defaultValue: "" })
    .addOption(DEPLOYMENTS_OPTION)
    .addOption(PROGRAMS_OPTION)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./deploy.js"))
    .build(),
  emptyTask("deployment", "What is deployed").build(),
  task(
    ["deployment", "verify"],
    "Compare code, roles and parameters on the chain with the files, and two chains with each other",
  )
    .addOption(NETWORKS_OPTION)
    .addOption(DEPLOYMENTS_OPTION)
    .addOption(PROGRAMS_OPTION)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./deployment/verify.js"))
    .build(),
  emptyTask("peg", "How the pegs stand").build(),
  task(["peg", "status"], "Deviation, reserves and what the stabilizer may do, per pool")
    .addOption(DEPLOYMENTS_OPTION)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./peg/status.js"))
    .build(),
  emptyTask("collateral", "How the Solana vaults stand").build(),
  task(["collateral", "status"], "The vault program of a Solana network: state, roles, programs; and one vault")
    .addOption({ name: "vault", description: "Address of a vault or of its owner", defaultValue: "" })
    .addOption(DEPLOYMENTS_OPTION)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./collateral/status.js"))
    .build(),
  emptyTask("reserve", "How reserves and capital buckets stand").build(),
  task(["reserve", "status"], "Reserve, floor, P, T and tier per token; what each of the five buckets holds")
    .addOption(DEPLOYMENTS_OPTION)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./reserve/status.js"))
    .build(),
  emptyTask("bridge", "How the bridge to the other chain stands").build(),
  task(
    ["bridge", "status"],
    "Lanes with books, limits and what is in flight; attestors; what the cross-chain bucket must hold",
  )
    .addOption(DEPLOYMENTS_OPTION)
    .addFlag(JSON_FLAG)
    .setAction(() => import("./bridge/status.js"))
    .build(),
];
