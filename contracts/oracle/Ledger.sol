// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {IXAUOracle} from "../interfaces/IXAUOracle.sol";

/// @title Ledger
/// @notice Accounts in XAU wei, double entry. It records; it holds no tokens.
///
/// ROLES: owner (two-step, ends as the timelock) names writers. A writer may post between any two accounts; it cannot create value,
/// because every post is symmetric.
///
/// PRICE SOURCES: XAUOracle, newest prices, through its transient copy.
///
/// ROUNDING: the value of a post rounds down to XAU wei, once; both sides move by that integer, so the sum over all accounts is 0.
///
/// TOKEN REQUIREMENTS: configured in the oracle. LIVENESS: posts revert while the oracle has doubts, except of XAU itself.
///
/// HOW TO STOP IT: remove the writers.
contract Ledger is ILedger, Ownable2Step {
    using SafeCast for uint256;

    IXAUOracle private immutable _oracle;

    /// @inheritdoc ILedger
    mapping(address account => bool) public isWriter;
    /// @inheritdoc ILedger
    mapping(bytes32 account => int256 xauWei) public balanceOf;

    constructor(IXAUOracle oracle_, address owner_) Ownable(owner_) {
        require(address(oracle_).code.length > 0, NotAContract(address(oracle_)));
        _oracle = oracle_;
    }

    /// @inheritdoc ILedger
    function post(
        bytes32 debitAccount,
        bytes32 creditAccount,
        address token,
        uint256 amountUnits
    ) external returns (uint256 xauWei) {
        require(isWriter[msg.sender], NotAuthorized(msg.sender));
        require(debitAccount != creditAccount, SameAccount(debitAccount));
        xauWei = _oracle.pullValueInXau(token, amountUnits);
        require(xauWei != 0, ZeroAmount());
        int256 change = xauWei.toInt256();
        int256 debitAfter = balanceOf[debitAccount] + change;
        int256 creditAfter = balanceOf[creditAccount] - change;
        balanceOf[debitAccount] = debitAfter;
        balanceOf[creditAccount] = creditAfter;
        emit Posted(debitAccount, creditAccount, token, amountUnits, xauWei, debitAfter, creditAfter, msg.sender);
    }

    /// @inheritdoc ILedger
    function setWriter(address writer, bool isWriter_) external onlyOwner {
        require(writer != address(0), ZeroAddress());
        isWriter[writer] = isWriter_;
        emit SetWriter(writer, isWriter_);
    }

    /// @inheritdoc ILedger
    function oracle() external view returns (address) {
        return address(_oracle);
    }
}
