// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title Vm
/// @notice The cheatcodes of Hardhat's Solidity test runner that our tests use, at `VM_ADDRESS`.
/// @dev Written from the runner's list of selectors; forge answers the same ones.
// solhint-disable-next-line interface-starts-with-i
interface Vm {
    /// @notice One recorded event.
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    // Caller

    /// @notice Sets `msg.sender` of the next call.
    function prank(address sender) external;

    /// @notice Sets `msg.sender` and `tx.origin` of the next call.
    function prank(address sender, address origin) external;

    /// @notice Sets `msg.sender` of every call until `stopPrank`.
    function startPrank(address sender) external;

    /// @notice Sets `msg.sender` and `tx.origin` of every call until `stopPrank`.
    function startPrank(address sender, address origin) external;

    function stopPrank() external;

    // Block and transaction

    /// @notice Sets `block.timestamp` in seconds.
    function warp(uint256 timestampSeconds) external;

    /// @notice `block.timestamp`, read past the optimizer, which may assume that it never changes within a transaction.
    function getBlockTimestamp() external view returns (uint256 timestampSeconds);

    /// @notice Sets `block.number`.
    function roll(uint256 blockNumber) external;

    /// @notice `block.number`, read past the optimizer.
    function getBlockNumber() external view returns (uint256 blockNumber);

    /// @notice Sets `block.chainid`.
    function chainId(uint256 newChainId) external;

    /// @notice Sets `block.basefee` in wei per gas.
    function fee(uint256 baseFeeWei) external;

    /// @notice Sets `tx.gasprice` in wei per gas.
    function txGasPrice(uint256 gasPriceWei) external;

    /// @notice Sets `block.coinbase`.
    function coinbase(address newCoinbase) external;

    /// @notice Sets `block.prevrandao`.
    function prevrandao(bytes32 newPrevrandao) external;

    /// @notice Sets the hash of a recent block.
    function setBlockhash(uint256 blockNumber, bytes32 blockHash) external;

    // State

    /// @notice Sets the balance of `account` in wei.
    function deal(address account, uint256 balanceWei) external;

    /// @notice Creation code of a compiled contract, by `file:contract`.
    function getCode(string calldata artifact) external view returns (bytes memory creationBytecode);

    /// @notice Sets the code of `account`.
    function etch(address account, bytes calldata newRuntimeBytecode) external;

    function load(address account, bytes32 slot) external view returns (bytes32 value);

    function store(address account, bytes32 slot, bytes32 value) external;

    function getNonce(address account) external view returns (uint64 nonce);

    function setNonce(address account, uint64 newNonce) external;

    /// @notice Makes the account cold again, as at the start of a transaction.
    function cool(address account) external;

    function snapshotState() external returns (uint256 snapshotId);

    function revertToState(uint256 snapshotId) external returns (bool success);

    // Expectations, each about the next call

    function expectRevert() external;

    /// @notice Expects exactly this custom error without arguments.
    function expectRevert(bytes4 errorSelector) external;

    /// @notice Expects exactly this revert data.
    function expectRevert(bytes calldata revertData) external;

    /// @notice Expects exactly this revert data from this contract.
    function expectRevert(bytes calldata revertData, address reverter) external;

    /// @notice Expects a revert that begins with this selector, whatever its arguments.
    function expectPartialRevert(bytes4 errorSelector) external;

    function expectEmit() external;

    function expectEmit(address emitter) external;

    function expectEmit(bool checkTopic1, bool checkTopic2, bool checkTopic3, bool checkData) external;

    function expectEmit(bool checkTopic1, bool checkTopic2, bool checkTopic3, bool checkData, address emitter) external;

    function expectCall(address callee, bytes calldata data) external;

    function expectCall(address callee, bytes calldata data, uint64 count) external;

    function expectCall(address callee, uint256 valueWei, bytes calldata data) external;

    // Mocked answers

    function mockCall(address callee, bytes calldata data, bytes calldata returnData) external;

    function mockCall(address callee, uint256 valueWei, bytes calldata data, bytes calldata returnData) external;

    function mockCallRevert(address callee, bytes calldata data, bytes calldata revertData) external;

    function clearMockedCalls() external;

    // Logs

    function recordLogs() external;

    function getRecordedLogs() external returns (Log[] memory logs);

    // Gas

    /// @notice What the last call used, without the caller's share; written to `snapshots/<TestContract>.json` under `name`.
    function snapshotGasLastCall(string calldata name) external returns (uint256 gasUsed);

    function snapshotValue(string calldata name, uint256 value) external;

    function pauseGasMetering() external;

    function resumeGasMetering() external;

    // Keys

    function addr(uint256 privateKey) external pure returns (address account);

    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    // Files that hardhat.config.ts allows to read

    function readFile(string calldata path) external view returns (string memory text);

    function readFileBinary(string calldata path) external view returns (bytes memory content);

    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory value);

    // Inputs and labels

    /// @notice Rejects this fuzz input.
    function assume(bool condition) external pure;

    function label(address account, string calldata newLabel) external;

    function toString(address value) external pure returns (string memory text);

    function toString(bytes32 value) external pure returns (string memory text);

    function toString(uint256 value) external pure returns (string memory text);

    function toString(int256 value) external pure returns (string memory text);

    // Assertions

    function assertTrue(bool condition) external pure;

    function assertTrue(bool condition, string calldata note) external pure;

    function assertFalse(bool condition) external pure;

    function assertFalse(bool condition, string calldata note) external pure;

    function assertEq(bool left, bool right, string calldata note) external pure;

    function assertEq(uint256 left, uint256 right, string calldata note) external pure;

    function assertEq(int256 left, int256 right, string calldata note) external pure;

    function assertEq(address left, address right, string calldata note) external pure;

    function assertEq(bytes32 left, bytes32 right, string calldata note) external pure;

    function assertEq(string calldata left, string calldata right, string calldata note) external pure;

    function assertEq(bytes calldata left, bytes calldata right, string calldata note) external pure;

    function assertNotEq(uint256 left, uint256 right, string calldata note) external pure;

    function assertNotEq(address left, address right, string calldata note) external pure;

    function assertNotEq(bytes32 left, bytes32 right, string calldata note) external pure;

    function assertLt(uint256 left, uint256 right, string calldata note) external pure;

    function assertLt(int256 left, int256 right, string calldata note) external pure;

    function assertLe(uint256 left, uint256 right, string calldata note) external pure;

    function assertLe(int256 left, int256 right, string calldata note) external pure;

    function assertGt(uint256 left, uint256 right, string calldata note) external pure;

    function assertGt(int256 left, int256 right, string calldata note) external pure;

    function assertGe(uint256 left, uint256 right, string calldata note) external pure;

    function assertGe(int256 left, int256 right, string calldata note) external pure;

    function assertApproxEqAbs(uint256 left, uint256 right, uint256 maxDelta, string calldata note) external pure;

    function assertApproxEqAbs(int256 left, int256 right, uint256 maxDelta, string calldata note) external pure;

    function assertApproxEqRel(uint256 left, uint256 right, uint256 maxDeltaWad, string calldata note) external pure;
}

/// @dev The address at which the runner answers.
address constant VM_ADDRESS = address(uint160(uint256(keccak256("hevm cheat code"))));
