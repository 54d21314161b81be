// SPDX-License-Identifier: MIT
pragma solidity 0.8.33;

import {ICommonErrors} from "./ICommonErrors.sol";

/// @title Whether a token holds its peg, in four states that everybody can see
/// @notice NORMAL: inside. DEVIATING: its pools have stood outside the first threshold. DEFENDING: outside the second; limits may rise
/// inside their ceilings. HALTED: its price has left the band around its reference: nothing is bought or sold for it any more, the
/// inventory stays where it is.
/// @dev Two measures. *Market*: block-end ratios of the token's public pools against their anchors; read from the pools' history, so
/// no poke can miss or invent one. *Price*: the token's oracle price in USD against its reference price; observed by pokes.
interface IPegManager is ICommonErrors {
    /// @notice The order is ABI, and severity.
    enum State {
        NORMAL,
        DEVIATING,
        DEFENDING,
        HALTED
    }

    struct Config {
        /// @dev Market: |ratio - 1|, 1e18 = 1. 0 < calm <= deviating < defending.
        uint64 calmWad;
        uint64 deviatingWad;
        uint64 defendingWad;
        /// @dev Market: consecutive block-ends outside before a state begins, and inside before it ends, 1..64.
        uint16 enterBlocks;
        uint16 recoverBlocks;
        /// @dev Price: |price / reference - 1|. Beyond `band` for `haltBlocks`: HALTED. Inside `recoverBand` for `calmBlocks`: over.
        uint64 bandWad;
        uint64 recoverBandWad;
        uint32 haltBlocks;
        uint32 calmBlocks;
        /// @dev Units of the reference per whole token, 1e18: 1e18 = one dollar, one euro, one ounce.
        uint128 parWad;
        /// @dev USD per unit of the reference (Chainlink interface); zero only where the reference is the dollar itself.
        address referenceFeed;
        uint32 maxReferenceAgeSeconds;
    }

    /// @notice What a poke would find now.
    struct Measurement {
        /// @dev The pool that stands furthest outside decides.
        State market;
        /// @dev false: the oracle or the reference has a doubt; the other two are 0 then.
        bool priceKnown;
        uint256 priceUsdWad;
        int256 priceDeviationWad;
    }

    event SetToken(address indexed token, Config config, address[] pools);
    event RemoveToken(address indexed token);
    event SetSink(address indexed sink);
    event SetGuardian(address indexed guardian);
    /// @notice The state that counts, vetoes included, has changed.
    event StateChanged(address indexed token, State indexed from, State indexed to, int256 priceDeviationWad);
    /// @notice The guardian (or the owner, with NORMAL at `until` 0) overrides the measured state until `until`, unix seconds.
    event Vetoed(address indexed token, State state, uint256 until);

    error TokenNotManaged(address token);
    /// @notice Thrown when a pool does not trade the token or keeps no history.
    error NotAPoolOfToken(address pool, address token);
    /// @notice Thrown when a configuration contradicts itself; the fields are named in the text of the rules above.
    error InconsistentConfig();
    /// @notice Thrown when the reference needs a feed, or names one that the oracle already reads for this token.
    error ReferenceFeedMismatch(address referenceFeed);
    /// @notice Thrown when a veto names a state that only a measurement can find.
    error NotAVetoState(State state);
    /// @notice Thrown when the caller left too little gas for an honest measurement.
    error GasTooLow(uint256 gasLeft, uint256 required);

    /// @notice Measures the token and moves its state. Anyone, any time; the guardian's veto does not stop the measuring.
    /// @return state the state that counts now.
    function poke(address token) external returns (State state);

    /// @notice The state that counts: the guardian's while his veto lasts, else the measured one as of the last poke.
    function stateOf(address token) external view returns (State);

    /// @notice The measured state as of the last poke, whatever the veto says.
    function measuredStateOf(address token) external view returns (State);

    /// @notice Whether a poke would change anything now: the state that counts, or a run of blocks that leads to another. A keeper pokes
    /// when this says so and no poke of his is wasted.
    function pokeDue(address token) external view returns (bool);

    /// @notice What a poke would measure now. Never reverts for a managed token.
    function measure(address token) external view returns (Measurement memory);

    /// @notice Reference price of a whole token, USD, 1e18, rounded down. Reverts on any doubt about the reference.
    function referenceUsdWad(address token) external view returns (uint256);

    function tokens() external view returns (address[] memory);

    /// @notice Who may veto.
    function guardian() external view returns (address);

    /// @notice Who is told of every change; zero = nobody.
    function sink() external view returns (IPegSink);

    function isManaged(address token) external view returns (bool);

    function config(address token) external view returns (Config memory);

    function poolsOf(address token) external view returns (address[] memory);

    /// @notice Unix seconds: until when a veto overrides, and from when the guardian may veto this token again.
    function vetoOf(address token) external view returns (State state, uint256 until, uint256 readyAt);

    /// @notice Owner only. Adds a token or replaces its configuration; its state stays.
    function setToken(address token, Config calldata newConfig, address[] calldata pools) external;

    /// @notice Owner only. The sink is told NORMAL.
    function removeToken(address token) external;

    /// @notice Owner only. Who is told of every change, at once of all present states; zero = nobody.
    function setSink(address newSink) external;

    /// @notice Owner only.
    function setGuardian(address newGuardian) external;

    /// @notice Guardian: HALTED or NORMAL for VETO_SECONDS, then not again for as long.
    function veto(address token, State state) external;

    /// @notice Owner only. Ends a veto.
    function liftVeto(address token) external;
}

/// @title Who must know when a token's peg state changes
interface IPegSink {
    /// @notice A peg manager that the sink knows tells the state that counts now.
    function pegChanged(address token, IPegManager.State state) external;
}
