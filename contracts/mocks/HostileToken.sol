// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title HostileToken
/// @notice ERC-20 that misbehaves on demand: takes a fee, lies, reverts, rebases, calls back like ERC-777, or replaces no allowance like USDT.
contract HostileToken is ERC20 {
    enum Mode {
        HONEST,
        FEE_ON_TRANSFER,
        RETURNS_FALSE,
        REVERTS,
        HOOKS,
        KEEPS_ALLOWANCE
    }

    error Refused();

    uint8 private immutable _decimals;
    Mode public mode;
    address private _hookTarget;
    bytes private _hookData;
    bool private _hooking;
    bool public hookSucceeded;
    bytes4 public hookError;

    constructor(uint8 decimals_) ERC20("Hostile", "HSTL") {
        _decimals = decimals_;
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    /// @notice Called in every transfer while the mode is HOOKS; its outcome is recorded, never bubbled.
    function setHook(address target, bytes calldata data) external {
        (_hookTarget, _hookData, mode) = (target, data, Mode.HOOKS);
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice Rebases an account's balance downwards.
    function slash(address account, uint256 amount) external {
        _burn(account, amount);
    }

    function approve(address spender, uint256 amount) public override returns (bool) {
        require(mode != Mode.KEEPS_ALLOWANCE || amount == 0 || allowance(msg.sender, spender) == 0, Refused());
        return super.approve(spender, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mode == Mode.RETURNS_FALSE) return false;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (mode == Mode.RETURNS_FALSE) return false;
        return super.transferFrom(from, to, amount);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function _update(address from, address to, uint256 amount) internal override {
        require(mode != Mode.REVERTS, Refused());
        super._update(from, to, amount);
        if (mode == Mode.FEE_ON_TRANSFER && from != address(0) && to != address(0)) {
            super._update(to, address(0), amount / 100);
        }
        if (mode == Mode.HOOKS && !_hooking) {
            _hooking = true;
            // slither-disable-next-line arbitrary-send-eth
            (bool ok, bytes memory answer) = _hookTarget.call(_hookData);
            (hookSucceeded, hookError) = (ok, answer.length < 4 ? bytes4(0) : bytes4(answer));
            _hooking = false;
        }
    }
}
