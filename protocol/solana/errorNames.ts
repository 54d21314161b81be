/** Names of the numbers with which programs that are not ours fail. Positions are part of those programs' interface. */
import { LangErrorCode } from "@anchor-lang/core";

export const SYSTEM_PROGRAM = "11111111111111111111111111111111";
export const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
export const TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
export const ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";

const SYSTEM_ERRORS = (
  "AccountAlreadyInUse ResultWithNegativeLamports InvalidProgramId InvalidAccountDataLength MaxSeedLengthExceeded " +
  "AddressWithSeedMismatch NonceNoRecentBlockhashes NonceBlockhashNotExpired NonceUnexpectedBlockhashValue"
).split(" ");

/** SPL Token has the first twenty; Token-2022 continues them. */
const TOKEN_ERRORS = (
  "NotRentExempt InsufficientFunds InvalidMint MintMismatch OwnerMismatch FixedSupply AlreadyInUse " +
  "InvalidNumberOfProvidedSigners InvalidNumberOfRequiredSigners UninitializedState NativeNotSupported NonNativeHasBalance " +
  "InvalidInstruction InvalidState Overflow AuthorityTypeNotSupported MintCannotFreeze AccountFrozen MintDecimalsMismatch " +
  "NonNativeNotSupported ExtensionTypeMismatch ExtensionBaseMismatch ExtensionAlreadyInitialized " +
  "ConfidentialTransferAccountHasBalance ConfidentialTransferAccountNotApproved " +
  "ConfidentialTransferDepositsAndTransfersDisabled ConfidentialTransferElGamalPubkeyMismatch " +
  "ConfidentialTransferBalanceMismatch MintHasSupply NoAuthorityExists TransferFeeExceedsMaximum MintRequiredForTransfer " +
  "FeeMismatch FeeParametersMismatch ImmutableOwner AccountHasWithheldTransferFees NoMemo NonTransferable " +
  "NonTransferableNeedsImmutableOwnership MaximumPendingBalanceCreditCounterExceeded MaximumDepositAmountExceeded " +
  "CpiGuardSettingsLocked CpiGuardTransferBlocked CpiGuardBurnBlocked CpiGuardCloseAccountBlocked CpiGuardApproveBlocked " +
  "CpiGuardSetAuthorityBlocked CpiGuardOwnerChangeBlocked ExtensionNotFound NonConfidentialTransfersDisabled " +
  "ConfidentialTransferFeeAccountHasWithheldFee InvalidExtensionCombination InvalidLengthForAlloc AccountDecryption " +
  "ProofGeneration InvalidProofInstructionOffset HarvestToMintDisabled SplitProofContextStateAccountsNotSupported " +
  "NotEnoughProofContextStateAccounts MalformedCiphertext CiphertextArithmeticFailed PedersenCommitmentMismatch " +
  "RangeProofLengthMismatch IllegalBitLength FeeCalculation IllegalMintBurnConversion InvalidScale MintPaused " +
  "PendingBalanceNonZero"
).split(" ");

const ASSOCIATED_TOKEN_ERRORS = ["InvalidOwner"];

const TABLES: ReadonlyMap<string, { readonly name: string; readonly errors: readonly string[] }> = new Map([
  [SYSTEM_PROGRAM, { name: "system", errors: SYSTEM_ERRORS }],
  [TOKEN_PROGRAM, { name: "token", errors: TOKEN_ERRORS.slice(0, 20) }],
  [TOKEN_2022_PROGRAM, { name: "token2022", errors: TOKEN_ERRORS }],
  [ASSOCIATED_TOKEN_PROGRAM, { name: "associatedToken", errors: ASSOCIATED_TOKEN_ERRORS }],
]);

/** Anchor's own errors lie below the first of a program (6000). */
const ANCHOR_ERRORS: ReadonlyMap<number, string> = new Map(
  Object.entries(LangErrorCode).map(([name, code]) => [code, name]),
);

export function anchorErrorName(code: number): string | undefined {
  return ANCHOR_ERRORS.get(code);
}

/** A program that everybody uses: what it is called here, and its error of that number. */
export function knownProgram(
  programId: string,
): { readonly name: string; errorName(code: number): string | undefined } | undefined {
  const table = TABLES.get(programId);
  return table && { name: table.name, errorName: (code) => table.errors[code] };
}

/** The runtime's sentences for its own errors, as they stand in logs and messages, in front of their names. */
const RUNTIME_SENTENCES: ReadonlyMap<string, string> = new Map([
  ["generic instruction error", "GenericError"],
  ["invalid program argument", "InvalidArgument"],
  ["invalid instruction data", "InvalidInstructionData"],
  ["invalid account data for instruction", "InvalidAccountData"],
  ["account data too small for instruction", "AccountDataTooSmall"],
  ["insufficient funds for instruction", "InsufficientFunds"],
  ["incorrect program id for instruction", "IncorrectProgramId"],
  ["missing required signature for instruction", "MissingRequiredSignature"],
  ["instruction requires an uninitialized account", "AccountAlreadyInitialized"],
  ["instruction requires an initialized account", "UninitializedAccount"],
  ["sum of account balances before and after instruction do not match", "UnbalancedInstruction"],
  ["instruction illegally modified the program id of an account", "ModifiedProgramId"],
  ["instruction spent from the balance of an account it does not own", "ExternalAccountLamportSpend"],
  ["instruction modified data of an account it does not own", "ExternalAccountDataModified"],
  ["instruction changed the balance of a read-only account", "ReadonlyLamportChange"],
  ["instruction modified data of a read-only account", "ReadonlyDataModified"],
  ["insufficient account keys for instruction", "NotEnoughAccountKeys"],
  ["instruction tries to borrow reference for an account which is already borrowed", "AccountBorrowFailed"],
  ["instruction left account with an outstanding borrowed reference", "AccountBorrowOutstanding"],
  ["Unsupported program id", "UnsupportedProgramId"],
  ["Cross-program invocation call depth too deep", "CallDepth"],
  ["An account required by the instruction is missing", "MissingAccount"],
  ["Cross-program invocation reentrancy not allowed for this instruction", "ReentrancyNotAllowed"],
  ["Length of the seed is too long for address generation", "MaxSeedLengthExceeded"],
  ["Provided seeds do not result in a valid address", "InvalidSeeds"],
  ["Failed to reallocate account data", "InvalidRealloc"],
  ["Computational budget exceeded", "ComputationalBudgetExceeded"],
  ["exceeded CUs meter at BPF instruction", "ComputationalBudgetExceeded"],
  ["Cross-program invocation with unauthorized signer or writable account", "PrivilegeEscalation"],
  ["Failed to create program execution environment", "ProgramEnvironmentSetupFailure"],
  ["Program failed to complete", "ProgramFailedToComplete"],
  ["Program failed to compile", "ProgramFailedToCompile"],
  ["Account is immutable", "Immutable"],
  ["Incorrect authority provided", "IncorrectAuthority"],
  ["An account does not have enough lamports to be rent-exempt", "AccountNotRentExempt"],
  ["Invalid account owner", "InvalidAccountOwner"],
  ["Program arithmetic overflowed", "ArithmeticOverflow"],
  ["Unsupported sysvar", "UnsupportedSysvar"],
  ["Provided owner is not allowed", "IllegalOwner"],
  ["Failed to serialize or deserialize account data", "BorshIoError"],
  ["Accounts data allocations exceeded the maximum allowed per transaction", "MaxAccountsDataAllocationsExceeded"],
  ["Max accounts exceeded", "MaxAccountsExceeded"],
  ["Max instruction trace length exceeded", "MaxInstructionTraceLengthExceeded"],
]);

/** Name of a runtime error that is known only by its sentence. */
export function runtimeErrorName(sentence: string): string | undefined {
  return RUNTIME_SENTENCES.get(sentence);
}
