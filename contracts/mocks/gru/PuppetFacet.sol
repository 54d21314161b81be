// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title PuppetFacet
/// @notice The worst facet there can be: does with the diamond's address and storage whatever its caller says.
contract PuppetFacet {
    error CallFailed(bytes answer);

    /// @notice Writes any slot of the diamond.
    function puppetStore(bytes32 slot, bytes32 value) external {
        assembly ("memory-safe") {
            sstore(slot, value)
        }
    }

    /// @notice Calls anybody as the diamond; the outcome is returned, not bubbled.
    function puppetCall(address target, bytes calldata data) external payable returns (bool ok, bytes memory answer) {
        // slither-disable-next-line arbitrary-send-eth
        (ok, answer) = target.call{value: msg.value}(data);
    }

    /// @notice The same with a revert when the call fails, so that a caller sees which one passed.
    function puppetCallOrRevert(address target, bytes calldata data) external {
        (bool ok, bytes memory answer) = target.call(data);
        require(ok, CallFailed(answer));
    }

    /// @notice Runs any code in the diamond.
    function puppetDelegate(address target, bytes calldata data) external returns (bool ok, bytes memory answer) {
        // slither-disable-next-line controlled-delegatecall
        (ok, answer) = target.delegatecall(data);
    }

    /// @notice "Mints": writes balance and supply where an ERC-20 of OpenZeppelin keeps them, upgradeable or not.
    function puppetMint(address to, uint256 amount) external {
        _mintAt(0, to, amount);
        _mintAt(0x52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace00, to, amount);
    }

    /// @notice Answers what it is asked, as if the mint had worked.
    function puppetView() external view returns (uint256) {
        return address(this).balance;
    }

    function _mintAt(uint256 base, address to, uint256 amount) private {
        bytes32 slot = keccak256(abi.encode(to, base));
        assembly ("memory-safe") {
            sstore(slot, amount)
            sstore(add(base, 2), amount)
        }
    }
}
