// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {IDiamondCutTimelock} from "../interfaces/IDiamondCutTimelock.sol";
import {CutTimelockStorage, OwnershipStorage} from "./GruStorage.sol";
import {SelectorTable} from "./SelectorTable.sol";

/// @title CutTimelock
/// @notice Part of the diamond's own code: cuts are scheduled, wait, and are executed as scheduled, or cancelled.
/// @dev ROLES. Owner (the protocol's timelock): schedules, executes, cancels, announces a guardian. Guardian: cancels, nothing else.
/// @dev LIVENESS. A guardian that cancels everything can be replaced after the delay, which it cannot cancel. A cut that nobody executes
/// for MAX_WAIT_SECONDS has to be scheduled anew, so that no forgotten one lies in wait.
/// @dev HOW TO STOP IT. `cancelCut`. Once executed, a facet owns the diamond's storage, this timelock's included; nothing of value lies
/// there (ShareLedger).
abstract contract CutTimelock is IDiamondCutTimelock {
    /// @notice Bounds of the delay that is fixed at creation, and longest delay of one cut.
    uint256 internal constant SHORTEST_DELAY_SECONDS = 1 days;
    uint256 internal constant LONGEST_DELAY_SECONDS = 30 days;
    /// @inheritdoc IDiamondCutTimelock
    uint256 public constant MAX_WAIT_SECONDS = 14 days;

    /// @inheritdoc IDiamondCutTimelock
    uint256 public immutable minCutDelaySeconds;

    constructor(address owner_, address guardian_, uint256 minCutDelaySeconds_) {
        require(owner_ != address(0) && guardian_ != address(0), ZeroAddress());
        _checkDelay(minCutDelaySeconds_, SHORTEST_DELAY_SECONDS);
        minCutDelaySeconds = minCutDelaySeconds_;
        OwnershipStorage.layout().owner = owner_;
        CutTimelockStorage.layout().guardian = guardian_;
        emit SetGuardian(guardian_);
    }

    modifier onlyOwner() {
        require(msg.sender == OwnershipStorage.layout().owner, NotAuthorized(msg.sender));
        _;
    }

    /// @inheritdoc IDiamondCutTimelock
    function scheduleCut(
        FacetCut[] calldata cuts,
        address init,
        bytes calldata data,
        bytes32 salt,
        uint256 delaySeconds
    ) external onlyOwner returns (bytes32 id) {
        require(cuts.length > 0 || init != address(0), EmptyCut());
        require(init != address(0) || data.length == 0, InitDataWithoutInit());
        _checkDelay(delaySeconds, minCutDelaySeconds);
        id = cutId(cuts, init, data, salt);
        mapping(bytes32 => uint256) storage readyAtOf = CutTimelockStorage.layout().readyAt;
        require(readyAtOf[id] == 0, AlreadyScheduled(id));
        uint256 readyAt = block.timestamp + delaySeconds;
        readyAtOf[id] = readyAt;
        emit ScheduleCut(id, cuts, init, data, salt, readyAt, readyAt + MAX_WAIT_SECONDS);
    }

    /// @inheritdoc IDiamondCutTimelock
    function executeCut(FacetCut[] calldata cuts, address init, bytes calldata data, bytes32 salt) external {
        _execute(cuts, init, data, salt);
    }

    /// @inheritdoc IDiamondCutTimelock
    function diamondCut(FacetCut[] calldata cuts, address init, bytes calldata data) external {
        _execute(cuts, init, data, bytes32(0));
    }

    /// @inheritdoc IDiamondCutTimelock
    function cancelCut(bytes32 id) external {
        CutTimelockStorage.Layout storage timelock = CutTimelockStorage.layout();
        require(
            msg.sender == timelock.guardian || msg.sender == OwnershipStorage.layout().owner,
            NotAuthorized(msg.sender)
        );
        require(timelock.readyAt[id] != 0, NotScheduled(id));
        delete timelock.readyAt[id];
        emit CancelCut(id, msg.sender);
    }

    /// @inheritdoc IDiamondCutTimelock
    function announceGuardian(address newGuardian) external onlyOwner {
        CutTimelockStorage.Layout storage timelock = CutTimelockStorage.layout();
        uint256 readyAt = newGuardian == address(0) ? 0 : block.timestamp + minCutDelaySeconds;
        (timelock.pendingGuardian, timelock.guardianReadyAt) = (newGuardian, uint64(readyAt));
        emit AnnounceGuardian(newGuardian, readyAt);
    }

    /// @inheritdoc IDiamondCutTimelock
    function applyGuardian() external {
        CutTimelockStorage.Layout storage timelock = CutTimelockStorage.layout();
        (address newGuardian, uint256 readyAt) = (timelock.pendingGuardian, timelock.guardianReadyAt);
        require(newGuardian != address(0), NothingPending());
        require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        timelock.guardian = newGuardian;
        (timelock.pendingGuardian, timelock.guardianReadyAt) = (address(0), 0);
        emit SetGuardian(newGuardian);
    }

    /// @inheritdoc IDiamondCutTimelock
    function cutReadyAt(bytes32 id) external view returns (uint256) {
        return CutTimelockStorage.layout().readyAt[id];
    }

    /// @inheritdoc IDiamondCutTimelock
    function guardian() external view returns (address) {
        return CutTimelockStorage.layout().guardian;
    }

    /// @inheritdoc IDiamondCutTimelock
    function pendingGuardian() external view returns (address account, uint256 readyAt) {
        CutTimelockStorage.Layout storage timelock = CutTimelockStorage.layout();
        return (timelock.pendingGuardian, timelock.guardianReadyAt);
    }

    /// @inheritdoc IDiamondCutTimelock
    function cutId(
        FacetCut[] calldata cuts,
        address init,
        bytes calldata data,
        bytes32 salt
    ) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), cuts, init, data, salt));
    }

    function _execute(FacetCut[] calldata cuts, address init, bytes calldata data, bytes32 salt) private onlyOwner {
        bytes32 id = cutId(cuts, init, data, salt);
        mapping(bytes32 => uint256) storage readyAtOf = CutTimelockStorage.layout().readyAt;
        uint256 readyAt = readyAtOf[id];
        require(readyAt != 0, NotScheduled(id));
        require(block.timestamp >= readyAt, NotReady(readyAt, block.timestamp));
        uint256 expiresAt = readyAt + MAX_WAIT_SECONDS;
        require(block.timestamp <= expiresAt, CutExpired(expiresAt, block.timestamp));
        delete readyAtOf[id];
        SelectorTable.cut(cuts);
        emit DiamondCut(cuts, init, data);
        emit ExecuteCut(id);
        if (init != address(0)) _initialize(init, data);
    }

    /// @dev Runs `init` in the diamond's context, as replaceable code.
    function _initialize(address init, bytes calldata data) internal virtual;

    function _checkDelay(uint256 delaySeconds, uint256 minimum) private pure {
        require(
            delaySeconds >= minimum && delaySeconds <= LONGEST_DELAY_SECONDS,
            OutOfRange(delaySeconds, minimum, LONGEST_DELAY_SECONDS)
        );
    }
}
