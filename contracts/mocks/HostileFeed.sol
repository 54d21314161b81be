// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

/// @title HostileFeed
/// @notice A feed of either kind that misbehaves on command. It looks well while it is configured (`Mode.HONEST`).
contract HostileFeed {
    enum Mode {
        HONEST,
        REVERT,
        REVERT_HUGE,
        SHORT,
        EMPTY,
        HUGE,
        BURN_GAS,
        INVALID
    }

    error Hostile();

    // solhint-disable-next-line const-name-snakecase
    uint8 public constant decimals = 8;
    bool public immutable isSigned;
    Mode public mode;
    uint256 public answer;
    uint256 public updatedAt;
    uint256 public arrivedInBlock;
    uint256 public previousAnswer;

    constructor(bool isSigned_) {
        isSigned = isSigned_;
    }

    function set(Mode mode_, uint256 answer_, uint256 updatedAt_, uint256 arrivedInBlock_, uint256 previous_) external {
        mode = mode_;
        answer = answer_;
        updatedAt = updatedAt_;
        arrivedInBlock = arrivedInBlock_;
        previousAnswer = previous_;
    }

    function feedId() external view returns (bytes32) {
        require(isSigned, Hostile());
        return bytes32(uint256(uint160(address(this))));
    }

    function minGapBlocks() external view returns (uint256) {
        require(isSigned, Hostile());
        return 1000;
    }

    function latestTwo() external view returns (uint256, uint256, uint256, uint256) {
        _misbehave();
        return (answer, updatedAt, arrivedInBlock, previousAnswer);
    }

    function latestRoundData() external view returns (uint256, uint256, uint256, uint256, uint256) {
        _misbehave();
        return (7, answer, updatedAt, updatedAt, 7);
    }

    function getRoundData(uint80 id) external view returns (uint256, uint256, uint256, uint256, uint256) {
        _misbehave();
        return (id, previousAnswer, 1, 1, id);
    }

    function _misbehave() internal view {
        Mode current = mode;
        if (current == Mode.HONEST) return;
        require(current != Mode.REVERT, Hostile());
        if (current == Mode.BURN_GAS) {
            uint256 value = 1;
            while (value != 0) value = uint256(keccak256(abi.encode(value)));
        }
        assembly ("memory-safe") {
            switch current
            case 2 {
                revert(0, 10000)
            }
            case 3 {
                return(0, 96)
            }
            case 4 {
                return(0, 0)
            }
            case 5 {
                return(0, 50000)
            }
            default {
                invalid()
            }
        }
    }
}
