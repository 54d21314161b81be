// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IPegBoard} from "../interfaces/IPegBoard.sol";
import {IPegManager} from "../interfaces/IPegManager.sol";

/// @title PegBoard
/// @notice What reserves, buckets and the bridge ask before they move value: is this token halted? And what keepers ask: must somebody
/// poke?
/// @dev ROLES. Owner (two steps, cannot be renounced; a timelock): which manager answers for which token. Anyone: poke.
/// @dev PRICE SOURCES, ROUNDING, TOKEN REQUIREMENTS: none. LIVENESS. The managers are trusted contracts of ours whose `stateOf` cannot
/// revert; `status` and `poke` survive one that does. HOW TO STOP IT. `assign(token, 0)`.
contract PegBoard is IPegBoard, Ownable2Step {
    /// @dev More than the managers together can manage.
    uint256 public constant MAX_TOKENS = 32;

    /// @inheritdoc IPegBoard
    mapping(address token => address manager) public managerOf;
    address[] private _tokens;

    constructor(address owner_) Ownable(owner_) {}

    // --- Anyone ---

    /// @inheritdoc IPegBoard
    function poke(address[] calldata which) external {
        for (uint256 index = 0; index < which.length; ++index) {
            address manager = managerOf[which[index]];
            if (manager == address(0)) continue;
            try IPegManager(manager).poke(which[index]) {} catch (bytes memory reason) {
                emit PokeFailed(which[index], reason.length < 4 ? bytes4(0) : bytes4(reason));
            }
        }
    }

    // --- Owner ---

    /// @inheritdoc IPegBoard
    function assign(address token, address manager) external onlyOwner {
        require(token != address(0), ZeroAddress());
        if (manager != address(0)) {
            require(manager.code.length > 0, NotAContract(manager));
            require(IPegManager(manager).isManaged(token), NotManagedBy(token, manager));
        }
        _list(token, manager);
        managerOf[token] = manager;
        emit Assigned(token, manager);
    }

    /// @notice Always reverts: a board without an owner could never be corrected.
    function renounceOwnership() public view override onlyOwner {
        revert NotAuthorized(msg.sender);
    }

    // --- Views ---

    /// @inheritdoc IPegBoard
    function stateOf(address token) public view returns (IPegManager.State) {
        address manager = managerOf[token];
        return manager == address(0) ? IPegManager.State.NORMAL : IPegManager(manager).stateOf(token);
    }

    /// @inheritdoc IPegBoard
    function isHalted(address token) external view returns (bool) {
        return stateOf(token) == IPegManager.State.HALTED;
    }

    /// @inheritdoc IPegBoard
    function tokens() external view returns (address[] memory) {
        return _tokens;
    }

    /// @inheritdoc IPegBoard
    function status() external view returns (TokenStatus[] memory list) {
        list = new TokenStatus[](_tokens.length);
        for (uint256 index = 0; index < list.length; ++index) {
            address token = _tokens[index];
            try this.statusOf(token) returns (TokenStatus memory found) {
                list[index] = found;
            } catch {
                (list[index].token, list[index].manager) = (token, managerOf[token]);
            }
        }
    }

    /// @inheritdoc IPegBoard
    function statusOf(address token) external view returns (TokenStatus memory found) {
        (found.token, found.manager) = (token, managerOf[token]);
        IPegManager manager = IPegManager(found.manager);
        found.state = manager.stateOf(token);
        found.measured = manager.measuredStateOf(token);
        found.pokeDue = manager.pokeDue(token);
        IPegManager.Measurement memory measured = manager.measure(token);
        (found.priceKnown, found.priceUsdWad) = (measured.priceKnown, measured.priceUsdWad);
        found.priceDeviationWad = measured.priceDeviationWad;
        (, found.vetoUntil, ) = manager.vetoOf(token);
        found.readable = true;
    }

    // --- Internal ---

    /// @dev Keeps the list in step with `managerOf`.
    function _list(address token, address manager) private {
        if ((manager == address(0)) == (managerOf[token] == address(0))) return;
        if (manager != address(0)) {
            require(_tokens.length < MAX_TOKENS, OutOfRange(_tokens.length + 1, 1, MAX_TOKENS));
            _tokens.push(token);
            return;
        }
        uint256 last = _tokens.length - 1;
        for (uint256 index = 0; index < last; ++index) {
            if (_tokens[index] == token) _tokens[index] = _tokens[last];
        }
        _tokens.pop();
    }
}
