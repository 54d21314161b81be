/**
 * The type of programs/prebuilt/collateral_vault.json, with the names in camelCase that @anchor-lang/core gives to TypeScript. Written by
 * `npm run build:programs`; the IDL itself is that file.
 */
export type CollateralVault = {
  "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ",
  "metadata": {
    "name": "collateralVault",
    "version": "0.1.0",
    "spec": "0.1.0",
    "description": "Non-custodial collateral vaults for a perpetual-futures exchange."
  },
  "instructions": [
    {
      "name": "acceptAuthority",
      "discriminator": [
        107,
        86,
        198,
        91,
        33,
        12,
        107,
        160
      ],
      "accounts": [
        {
          "name": "holder",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "role",
          "type": {
            "defined": {
              "name": "role"
            }
          }
        }
      ]
    },
    {
      "name": "applyMultiSig",
      "discriminator": [
        33,
        164,
        48,
        176,
        152,
        20,
        156,
        185
      ],
      "accounts": [
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "multiSigVault",
          "writable": true
        },
        {
          "name": "owner",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "approve",
      "discriminator": [
        69,
        74,
        217,
        36,
        115,
        117,
        97,
        76
      ],
      "accounts": [
        {
          "name": "approver",
          "signer": true
        },
        {
          "name": "multiSigVault"
        },
        {
          "name": "proposal",
          "writable": true
        },
        {
          "name": "instructions"
        }
      ],
      "args": [
        {
          "name": "contentHash",
          "type": {
            "array": [
              "u8",
              32
            ]
          }
        }
      ]
    },
    {
      "name": "cancelAuthority",
      "discriminator": [
        9,
        60,
        251,
        100,
        254,
        226,
        62,
        110
      ],
      "accounts": [
        {
          "name": "signer",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "role",
          "type": {
            "defined": {
              "name": "role"
            }
          }
        }
      ]
    },
    {
      "name": "cancelProposal",
      "discriminator": [
        106,
        74,
        128,
        146,
        19,
        65,
        39,
        23
      ],
      "accounts": [
        {
          "name": "proposer",
          "signer": true
        },
        {
          "name": "proposal",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "cancelWithdrawal",
      "discriminator": [
        183,
        104,
        181,
        250,
        28,
        128,
        210,
        70
      ],
      "accounts": [
        {
          "name": "signer",
          "docs": [
            "Checked in `require_may_veto`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "securityConfig",
          "optional": true
        },
        {
          "name": "multiSigVault",
          "optional": true
        },
        {
          "name": "pendingWithdrawal",
          "writable": true
        },
        {
          "name": "payer",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "changeMultiSig",
      "discriminator": [
        191,
        170,
        120,
        177,
        107,
        223,
        189,
        168
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The multi-sig: checked in the handler."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "multiSigVault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in the handler."
          ],
          "optional": true
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "multiSigArgs"
            }
          }
        }
      ]
    },
    {
      "name": "changeSecurity",
      "discriminator": [
        203,
        124,
        248,
        140,
        189,
        130,
        135,
        12
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "change",
          "type": {
            "defined": {
              "name": "securityChange"
            }
          }
        }
      ]
    },
    {
      "name": "closeBalance",
      "discriminator": [
        121,
        14,
        32,
        119,
        90,
        158,
        222,
        250
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "owner",
          "writable": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "mint",
          "writable": true
        },
        {
          "name": "vaultTokens",
          "writable": true
        },
        {
          "name": "ownerTokens",
          "writable": true
        },
        {
          "name": "tokenProgram"
        }
      ],
      "args": []
    },
    {
      "name": "closeProgramLock",
      "discriminator": [
        238,
        235,
        92,
        176,
        40,
        32,
        106,
        103
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "owner",
          "writable": true
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "closeProposal",
      "discriminator": [
        213,
        178,
        139,
        19,
        50,
        191,
        82,
        245
      ],
      "accounts": [
        {
          "name": "multiSigVault"
        },
        {
          "name": "proposer",
          "writable": true
        },
        {
          "name": "proposal",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "closeVault",
      "discriminator": [
        141,
        103,
        17,
        126,
        72,
        75,
        29,
        29
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "The vault's owner: checked in `validate`."
          ],
          "writable": true,
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in the handler."
          ],
          "writable": true,
          "optional": true
        }
      ],
      "args": []
    },
    {
      "name": "confirmProgram",
      "discriminator": [
        36,
        142,
        231,
        129,
        108,
        58,
        84,
        236
      ],
      "accounts": [
        {
          "name": "signer",
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "programData"
        },
        {
          "name": "authorizedProgram",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "createMultiSig",
      "discriminator": [
        68,
        152,
        225,
        67,
        27,
        134,
        193,
        123
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "authority",
          "docs": [
            "The vault's owner: checked in the handler."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "multiSigVault",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  109,
                  117,
                  108,
                  116,
                  105,
                  95,
                  115,
                  105,
                  103,
                  95,
                  118,
                  97,
                  117,
                  108,
                  116
                ]
              },
              {
                "kind": "account",
                "path": "vault"
              }
            ]
          }
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in the handler."
          ],
          "optional": true
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "multiSigArgs"
            }
          }
        }
      ]
    },
    {
      "name": "createProgramLock",
      "discriminator": [
        110,
        255,
        94,
        41,
        22,
        96,
        197,
        139
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in the handler."
          ],
          "optional": true
        },
        {
          "name": "authorizedProgram"
        },
        {
          "name": "programLock",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  112,
                  114,
                  111,
                  103,
                  114,
                  97,
                  109,
                  95,
                  108,
                  111,
                  99,
                  107
                ]
              },
              {
                "kind": "account",
                "path": "balance"
              },
              {
                "kind": "account",
                "path": "authorizedProgram"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "cap",
          "type": "u64"
        }
      ]
    },
    {
      "name": "createSecurityConfig",
      "discriminator": [
        1,
        125,
        162,
        26,
        96,
        46,
        228,
        248
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in the handler."
          ],
          "signer": true
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  115,
                  101,
                  99,
                  117,
                  114,
                  105,
                  116,
                  121,
                  95,
                  99,
                  111,
                  110,
                  102,
                  105,
                  103
                ]
              },
              {
                "kind": "account",
                "path": "vault"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "createSecurityConfigArgs"
            }
          }
        }
      ]
    },
    {
      "name": "deposit",
      "discriminator": [
        242,
        35,
        198,
        137,
        82,
        225,
        242,
        182
      ],
      "accounts": [
        {
          "name": "owner",
          "docs": [
            "The vault's owner, whose tokens they are: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault"
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "mint"
        },
        {
          "name": "ownerTokens",
          "writable": true
        },
        {
          "name": "vaultTokens",
          "writable": true
        },
        {
          "name": "tokenProgram"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "depositArgs"
            }
          }
        }
      ]
    },
    {
      "name": "executeProposal",
      "discriminator": [
        186,
        60,
        116,
        133,
        108,
        128,
        111,
        28
      ],
      "accounts": [
        {
          "name": "executor",
          "writable": true,
          "signer": true
        },
        {
          "name": "multiSigVault",
          "docs": [
            "which may change the account"
          ],
          "writable": true
        },
        {
          "name": "proposal",
          "writable": true
        },
        {
          "name": "instructions"
        },
        {
          "name": "program",
          "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
        }
      ],
      "args": []
    },
    {
      "name": "executeWithdrawal",
      "discriminator": [
        113,
        121,
        203,
        232,
        137,
        139,
        248,
        249
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig, checked in `minimum`; none when anybody else executes it."
          ],
          "signer": true,
          "optional": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "securityConfig"
        },
        {
          "name": "pendingWithdrawal",
          "writable": true
        },
        {
          "name": "payer",
          "writable": true
        },
        {
          "name": "mint"
        },
        {
          "name": "vaultTokens",
          "writable": true
        },
        {
          "name": "destinationTokens",
          "writable": true
        },
        {
          "name": "tokenProgram"
        },
        {
          "name": "instructions"
        }
      ],
      "args": []
    },
    {
      "name": "freezeAll",
      "discriminator": [
        187,
        113,
        158,
        131,
        118,
        61,
        214,
        69
      ],
      "accounts": [
        {
          "name": "multiSigVault",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "seconds",
          "type": "i64"
        }
      ]
    },
    {
      "name": "freezeVault",
      "discriminator": [
        144,
        211,
        63,
        236,
        97,
        31,
        170,
        175
      ],
      "accounts": [
        {
          "name": "authority",
          "signer": true
        },
        {
          "name": "vault",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "seconds",
          "type": "i64"
        }
      ]
    },
    {
      "name": "initialize",
      "discriminator": [
        175,
        175,
        109,
        31,
        13,
        152,
        155,
        237
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "owner",
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  118,
                  97,
                  117,
                  108,
                  116
                ]
              },
              {
                "kind": "account",
                "path": "owner"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": []
    },
    {
      "name": "initializeAuthority",
      "discriminator": [
        13,
        186,
        25,
        16,
        218,
        31,
        90,
        1
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "upgradeAuthority",
          "signer": true
        },
        {
          "name": "program",
          "address": "4c33JBiGvMpKBUzijeg7qiWKtn7N6RpkNxjBhUMGwHDZ"
        },
        {
          "name": "programData"
        },
        {
          "name": "vaultAuthority",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  118,
                  97,
                  117,
                  108,
                  116,
                  95,
                  97,
                  117,
                  116,
                  104,
                  111,
                  114,
                  105,
                  116,
                  121
                ]
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "initializeAuthorityArgs"
            }
          }
        }
      ]
    },
    {
      "name": "lock",
      "discriminator": [
        21,
        19,
        208,
        43,
        237,
        62,
        255,
        87
      ],
      "accounts": [
        {
          "name": "collateralAuthority",
          "docs": [
            "The program's own address, which only it can sign with: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "authorizedProgram"
        },
        {
          "name": "programData"
        },
        {
          "name": "vault"
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    },
    {
      "name": "openBalance",
      "discriminator": [
        65,
        162,
        108,
        176,
        185,
        115,
        235,
        165
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  98,
                  97,
                  108,
                  97,
                  110,
                  99,
                  101
                ]
              },
              {
                "kind": "account",
                "path": "vault"
              },
              {
                "kind": "account",
                "path": "mint"
              }
            ]
          }
        },
        {
          "name": "mint"
        },
        {
          "name": "vaultTokens",
          "writable": true
        },
        {
          "name": "tokenProgram"
        },
        {
          "name": "associatedTokenProgram",
          "address": "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL"
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": []
    },
    {
      "name": "pause",
      "discriminator": [
        211,
        22,
        221,
        251,
        74,
        121,
        193,
        47
      ],
      "accounts": [
        {
          "name": "guardian",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "propose",
      "discriminator": [
        93,
        253,
        82,
        168,
        118,
        33,
        102,
        90
      ],
      "accounts": [
        {
          "name": "proposer",
          "writable": true,
          "signer": true
        },
        {
          "name": "multiSigVault",
          "writable": true
        },
        {
          "name": "proposal",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  112,
                  114,
                  111,
                  112,
                  111,
                  115,
                  97,
                  108
                ]
              },
              {
                "kind": "account",
                "path": "multiSigVault"
              },
              {
                "kind": "arg",
                "path": "args.index"
              }
            ]
          }
        },
        {
          "name": "instructions"
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "proposeArgs"
            }
          }
        }
      ]
    },
    {
      "name": "proposeAuthority",
      "discriminator": [
        20,
        148,
        236,
        198,
        76,
        119,
        99,
        142
      ],
      "accounts": [
        {
          "name": "admin",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "proposeAuthorityArgs"
            }
          }
        }
      ]
    },
    {
      "name": "registerProgram",
      "discriminator": [
        104,
        9,
        166,
        5,
        200,
        228,
        112,
        131
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "admin",
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "program"
        },
        {
          "name": "programData"
        },
        {
          "name": "authorizedProgram",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  97,
                  117,
                  116,
                  104,
                  111,
                  114,
                  105,
                  122,
                  101,
                  100,
                  95,
                  112,
                  114,
                  111,
                  103,
                  114,
                  97,
                  109
                ]
              },
              {
                "kind": "account",
                "path": "program"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "codeHash",
          "type": {
            "array": [
              "u8",
              32
            ]
          }
        }
      ]
    },
    {
      "name": "releaseProgramLock",
      "discriminator": [
        98,
        242,
        42,
        26,
        110,
        135,
        197,
        161
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vault"
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "authorizedProgram"
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "renewProgram",
      "discriminator": [
        38,
        24,
        56,
        142,
        101,
        10,
        58,
        220
      ],
      "accounts": [
        {
          "name": "admin",
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "program"
        },
        {
          "name": "programData"
        },
        {
          "name": "authorizedProgram",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "codeHash",
          "type": {
            "array": [
              "u8",
              32
            ]
          }
        }
      ]
    },
    {
      "name": "requestUnpause",
      "discriminator": [
        102,
        114,
        36,
        202,
        204,
        124,
        59,
        137
      ],
      "accounts": [
        {
          "name": "admin",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "requestWithdrawal",
      "discriminator": [
        251,
        85,
        121,
        205,
        56,
        201,
        12,
        177
      ],
      "accounts": [
        {
          "name": "payer",
          "writable": true,
          "signer": true
        },
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "securityConfig"
        },
        {
          "name": "mint"
        },
        {
          "name": "pendingWithdrawal",
          "writable": true,
          "pda": {
            "seeds": [
              {
                "kind": "const",
                "value": [
                  112,
                  101,
                  110,
                  100,
                  105,
                  110,
                  103,
                  95,
                  119,
                  105,
                  116,
                  104,
                  100,
                  114,
                  97,
                  119,
                  97,
                  108
                ]
              },
              {
                "kind": "account",
                "path": "vault"
              },
              {
                "kind": "arg",
                "path": "args.timestamp"
              }
            ]
          }
        },
        {
          "name": "systemProgram",
          "address": "11111111111111111111111111111111"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "requestWithdrawalArgs"
            }
          }
        }
      ]
    },
    {
      "name": "revokeProgram",
      "discriminator": [
        151,
        155,
        84,
        70,
        193,
        219,
        15,
        43
      ],
      "accounts": [
        {
          "name": "signer",
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "authorizedProgram",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "revokeProgramLock",
      "discriminator": [
        17,
        19,
        61,
        90,
        230,
        17,
        103,
        164
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance"
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "setLimits",
      "discriminator": [
        207,
        50,
        250,
        67,
        211,
        33,
        70,
        91
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in the handler."
          ],
          "optional": true
        }
      ],
      "args": [
        {
          "name": "limits",
          "type": {
            "defined": {
              "name": "limits"
            }
          }
        }
      ]
    },
    {
      "name": "setProgramLockCap",
      "discriminator": [
        0,
        248,
        224,
        122,
        165,
        168,
        47,
        149
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "balance"
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in the handler."
          ],
          "optional": true
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "cap",
          "type": "u64"
        }
      ]
    },
    {
      "name": "transferCollateral",
      "discriminator": [
        157,
        163,
        63,
        27,
        242,
        72,
        251,
        97
      ],
      "accounts": [
        {
          "name": "collateralAuthority",
          "docs": [
            "The program's own address, which only it can sign with: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "authorizedProgram"
        },
        {
          "name": "programData"
        },
        {
          "name": "sourceVault"
        },
        {
          "name": "sourceBalance",
          "writable": true
        },
        {
          "name": "programLock",
          "writable": true
        },
        {
          "name": "destinationBalance",
          "writable": true
        },
        {
          "name": "mint"
        },
        {
          "name": "sourceTokens",
          "writable": true
        },
        {
          "name": "destinationTokens",
          "writable": true
        },
        {
          "name": "tokenProgram"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "transferCollateralArgs"
            }
          }
        }
      ]
    },
    {
      "name": "unapprove",
      "discriminator": [
        5,
        92,
        229,
        161,
        250,
        166,
        122,
        171
      ],
      "accounts": [
        {
          "name": "approver",
          "signer": true
        },
        {
          "name": "multiSigVault"
        },
        {
          "name": "proposal",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "unlock",
      "discriminator": [
        101,
        155,
        40,
        21,
        158,
        189,
        56,
        203
      ],
      "accounts": [
        {
          "name": "collateralAuthority",
          "docs": [
            "The program's own address, which only it can sign with: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "authorizedProgram"
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": [
        {
          "name": "amount",
          "type": "u64"
        }
      ]
    },
    {
      "name": "unpause",
      "discriminator": [
        169,
        144,
        4,
        38,
        10,
        141,
        188,
        255
      ],
      "accounts": [
        {
          "name": "signer",
          "signer": true
        },
        {
          "name": "vaultAuthority",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "vetoLimits",
      "discriminator": [
        24,
        247,
        227,
        131,
        87,
        59,
        72,
        151
      ],
      "accounts": [
        {
          "name": "signer",
          "docs": [
            "Checked in `require_may_veto`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "optional": true
        },
        {
          "name": "multiSigVault",
          "optional": true
        },
        {
          "name": "balance",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "vetoMultiSig",
      "discriminator": [
        18,
        126,
        222,
        111,
        5,
        228,
        35,
        199
      ],
      "accounts": [
        {
          "name": "signer",
          "docs": [
            "Checked in `require_may_veto`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "optional": true
        },
        {
          "name": "multiSigVault",
          "writable": true
        },
        {
          "name": "owner",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "vetoProgramLockCap",
      "discriminator": [
        158,
        33,
        53,
        146,
        80,
        167,
        46,
        103
      ],
      "accounts": [
        {
          "name": "signer",
          "docs": [
            "Checked in `require_may_veto`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "optional": true
        },
        {
          "name": "multiSigVault",
          "optional": true
        },
        {
          "name": "balance"
        },
        {
          "name": "programLock",
          "writable": true
        }
      ],
      "args": []
    },
    {
      "name": "vetoSecurity",
      "discriminator": [
        240,
        243,
        54,
        244,
        133,
        22,
        204,
        63
      ],
      "accounts": [
        {
          "name": "signer",
          "docs": [
            "Checked in `require_may_veto`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault",
          "writable": true
        },
        {
          "name": "securityConfig",
          "writable": true
        },
        {
          "name": "multiSigVault",
          "optional": true
        }
      ],
      "args": [
        {
          "name": "what",
          "type": {
            "defined": {
              "name": "securityVeto"
            }
          }
        }
      ]
    },
    {
      "name": "withdraw",
      "discriminator": [
        183,
        18,
        70,
        156,
        148,
        109,
        161,
        34
      ],
      "accounts": [
        {
          "name": "authority",
          "docs": [
            "The owner, or the multi-sig: checked in `validate`."
          ],
          "signer": true
        },
        {
          "name": "vaultAuthority"
        },
        {
          "name": "vault"
        },
        {
          "name": "balance",
          "writable": true
        },
        {
          "name": "securityConfig",
          "docs": [
            "The vault's own, required while the vault's flag is set: checked in `validate`."
          ],
          "optional": true
        },
        {
          "name": "mint"
        },
        {
          "name": "vaultTokens",
          "writable": true
        },
        {
          "name": "destinationTokens",
          "writable": true
        },
        {
          "name": "tokenProgram"
        }
      ],
      "args": [
        {
          "name": "args",
          "type": {
            "defined": {
              "name": "withdrawArgs"
            }
          }
        }
      ]
    }
  ],
  "accounts": [
    {
      "name": "authorizedProgram",
      "discriminator": [
        18,
        164,
        77,
        11,
        61,
        253,
        148,
        223
      ]
    },
    {
      "name": "balance",
      "discriminator": [
        127,
        71,
        25,
        157,
        105,
        157,
        241,
        182
      ]
    },
    {
      "name": "multiSigVault",
      "discriminator": [
        30,
        3,
        206,
        51,
        48,
        153,
        233,
        94
      ]
    },
    {
      "name": "pendingWithdrawal",
      "discriminator": [
        61,
        103,
        179,
        177,
        148,
        199,
        63,
        171
      ]
    },
    {
      "name": "programLock",
      "discriminator": [
        195,
        133,
        103,
        144,
        189,
        11,
        16,
        82
      ]
    },
    {
      "name": "proposal",
      "discriminator": [
        26,
        94,
        189,
        187,
        116,
        136,
        53,
        33
      ]
    },
    {
      "name": "securityConfig",
      "discriminator": [
        211,
        31,
        193,
        50,
        54,
        195,
        253,
        170
      ]
    },
    {
      "name": "vault",
      "discriminator": [
        211,
        8,
        232,
        43,
        2,
        152,
        117,
        119
      ]
    },
    {
      "name": "vaultAuthority",
      "discriminator": [
        132,
        34,
        187,
        202,
        202,
        195,
        211,
        53
      ]
    }
  ],
  "events": [
    {
      "name": "allFrozen",
      "discriminator": [
        20,
        139,
        123,
        91,
        104,
        107,
        53,
        99
      ]
    },
    {
      "name": "balanceClosed",
      "discriminator": [
        145,
        142,
        42,
        158,
        187,
        27,
        36,
        63
      ]
    },
    {
      "name": "balanceOpened",
      "discriminator": [
        33,
        250,
        214,
        143,
        117,
        245,
        36,
        207
      ]
    },
    {
      "name": "collateralTransferred",
      "discriminator": [
        119,
        180,
        79,
        171,
        178,
        67,
        120,
        237
      ]
    },
    {
      "name": "deposited",
      "discriminator": [
        111,
        141,
        26,
        45,
        161,
        35,
        100,
        57
      ]
    },
    {
      "name": "limitsSet",
      "discriminator": [
        53,
        198,
        194,
        145,
        146,
        149,
        189,
        127
      ]
    },
    {
      "name": "lockReleased",
      "discriminator": [
        188,
        240,
        15,
        169,
        219,
        184,
        26,
        111
      ]
    },
    {
      "name": "locked",
      "discriminator": [
        188,
        53,
        118,
        62,
        64,
        12,
        198,
        84
      ]
    },
    {
      "name": "multiSigSet",
      "discriminator": [
        31,
        53,
        65,
        92,
        138,
        187,
        67,
        73
      ]
    },
    {
      "name": "pauseSet",
      "discriminator": [
        175,
        57,
        198,
        136,
        192,
        66,
        204,
        73
      ]
    },
    {
      "name": "programConfirmed",
      "discriminator": [
        215,
        101,
        208,
        169,
        184,
        228,
        237,
        15
      ]
    },
    {
      "name": "programLockSet",
      "discriminator": [
        209,
        254,
        189,
        116,
        48,
        0,
        58,
        107
      ]
    },
    {
      "name": "programSet",
      "discriminator": [
        214,
        225,
        222,
        186,
        161,
        202,
        209,
        197
      ]
    },
    {
      "name": "proposalChanged",
      "discriminator": [
        56,
        237,
        73,
        38,
        179,
        6,
        87,
        77
      ]
    },
    {
      "name": "proposalClosed",
      "discriminator": [
        57,
        90,
        47,
        164,
        105,
        55,
        97,
        27
      ]
    },
    {
      "name": "roleSet",
      "discriminator": [
        188,
        56,
        139,
        81,
        114,
        65,
        108,
        196
      ]
    },
    {
      "name": "securityConfigSet",
      "discriminator": [
        118,
        176,
        74,
        133,
        49,
        228,
        58,
        129
      ]
    },
    {
      "name": "unlocked",
      "discriminator": [
        219,
        104,
        74,
        123,
        174,
        92,
        182,
        120
      ]
    },
    {
      "name": "vaultClosed",
      "discriminator": [
        238,
        129,
        38,
        228,
        227,
        118,
        249,
        215
      ]
    },
    {
      "name": "vaultFrozen",
      "discriminator": [
        13,
        199,
        172,
        111,
        88,
        10,
        151,
        247
      ]
    },
    {
      "name": "vaultInitialized",
      "discriminator": [
        180,
        43,
        207,
        2,
        18,
        71,
        3,
        75
      ]
    },
    {
      "name": "withdrawalCancelled",
      "discriminator": [
        119,
        175,
        207,
        80,
        186,
        237,
        229,
        9
      ]
    },
    {
      "name": "withdrawalExecuted",
      "discriminator": [
        37,
        78,
        199,
        192,
        51,
        68,
        173,
        162
      ]
    },
    {
      "name": "withdrawalRequested",
      "discriminator": [
        75,
        207,
        21,
        12,
        160,
        102,
        150,
        55
      ]
    },
    {
      "name": "withdrawn",
      "discriminator": [
        20,
        89,
        223,
        198,
        194,
        124,
        219,
        13
      ]
    }
  ],
  "errors": [
    {
      "code": 6000,
      "name": "zeroAmount",
      "msg": "amount must be above zero"
    },
    {
      "code": 6001,
      "name": "overflow",
      "msg": "arithmetic overflow"
    },
    {
      "code": 6002,
      "name": "wrongDecimals",
      "msg": "decimals differ from the mint's"
    },
    {
      "code": 6003,
      "name": "insufficientAvailable",
      "msg": "not enough available: locked collateral cannot be used"
    },
    {
      "code": 6004,
      "name": "insufficientLocked",
      "msg": "the program's lock holds less than that"
    },
    {
      "code": 6005,
      "name": "invariantBroken",
      "msg": "ledger would break: locks = locked <= total <= tokens held"
    },
    {
      "code": 6006,
      "name": "tokenBalanceMismatch",
      "msg": "token balance after the transfer is not what it must be"
    },
    {
      "code": 6007,
      "name": "nothingReceived",
      "msg": "nothing arrived: the mint's fee took all of it"
    },
    {
      "code": 6008,
      "name": "balanceNotEmpty",
      "msg": "the balance is not empty"
    },
    {
      "code": 6009,
      "name": "programLocksOpen",
      "msg": "program locks of this balance are still open"
    },
    {
      "code": 6010,
      "name": "withdrawalsPending",
      "msg": "withdrawals of this balance are still pending"
    },
    {
      "code": 6011,
      "name": "balancesOpen",
      "msg": "balances of this vault are still open"
    },
    {
      "code": 6012,
      "name": "multiSigOpen",
      "msg": "the vault's multi-sig must be removed first"
    },
    {
      "code": 6013,
      "name": "wrongVault",
      "msg": "the account belongs to another vault"
    },
    {
      "code": 6014,
      "name": "wrongBalance",
      "msg": "the account belongs to another balance"
    },
    {
      "code": 6015,
      "name": "sameAccount",
      "msg": "source and destination are the same"
    },
    {
      "code": 6016,
      "name": "wrongMint",
      "msg": "not the mint of this balance"
    },
    {
      "code": 6017,
      "name": "wrongTokenProgram",
      "msg": "not the token program of this mint"
    },
    {
      "code": 6018,
      "name": "wrongTokenAccount",
      "msg": "not the token account that belongs here"
    },
    {
      "code": 6019,
      "name": "wrongTokenOwner",
      "msg": "the token account has another owner"
    },
    {
      "code": 6020,
      "name": "tokenAccountNotInitialized",
      "msg": "the token account is not initialised or was closed"
    },
    {
      "code": 6021,
      "name": "tokenAccountFrozen",
      "msg": "the token account is frozen"
    },
    {
      "code": 6022,
      "name": "invalidMint",
      "msg": "not a mint"
    },
    {
      "code": 6023,
      "name": "unsupportedMintCloseAuthority",
      "msg": "mint extension not supported: MintCloseAuthority"
    },
    {
      "code": 6024,
      "name": "unsupportedDefaultAccountState",
      "msg": "mint extension not supported: DefaultAccountState"
    },
    {
      "code": 6025,
      "name": "unsupportedNonTransferable",
      "msg": "mint extension not supported: NonTransferable"
    },
    {
      "code": 6026,
      "name": "unsupportedInterestBearing",
      "msg": "mint extension not supported: InterestBearingConfig"
    },
    {
      "code": 6027,
      "name": "unsupportedPermanentDelegate",
      "msg": "mint extension not supported: PermanentDelegate"
    },
    {
      "code": 6028,
      "name": "unsupportedTransferHook",
      "msg": "mint extension not supported: TransferHook"
    },
    {
      "code": 6029,
      "name": "unsupportedConfidentialTransfer",
      "msg": "mint extension not supported: ConfidentialTransferMint"
    },
    {
      "code": 6030,
      "name": "unsupportedConfidentialTransferFee",
      "msg": "mint extension not supported: ConfidentialTransferFeeConfig"
    },
    {
      "code": 6031,
      "name": "unsupportedConfidentialMintBurn",
      "msg": "mint extension not supported: ConfidentialMintBurn"
    },
    {
      "code": 6032,
      "name": "unsupportedScaledUiAmount",
      "msg": "mint extension not supported: ScaledUiAmount"
    },
    {
      "code": 6033,
      "name": "unsupportedPausable",
      "msg": "mint extension not supported: Pausable"
    },
    {
      "code": 6034,
      "name": "unsupportedPermissionedBurn",
      "msg": "mint extension not supported: PermissionedBurn"
    },
    {
      "code": 6035,
      "name": "unsupportedUnknownExtension",
      "msg": "mint extension not supported: one this program does not know"
    },
    {
      "code": 6036,
      "name": "notOwner",
      "msg": "signer is not the vault's owner"
    },
    {
      "code": 6037,
      "name": "multiSigRequired",
      "msg": "this vault has a multi-sig: only an executed proposal may do that"
    },
    {
      "code": 6038,
      "name": "securityConfigRequired",
      "msg": "this vault has a security configuration: pass its account"
    },
    {
      "code": 6039,
      "name": "noSecurityConfig",
      "msg": "this vault has no security configuration"
    },
    {
      "code": 6040,
      "name": "delayRequired",
      "msg": "this vault delays withdrawals: request one"
    },
    {
      "code": 6041,
      "name": "notMatured",
      "msg": "the withdrawal has not matured"
    },
    {
      "code": 6042,
      "name": "staleConfig",
      "msg": "the settings changed since the request: cancel it and request again"
    },
    {
      "code": 6043,
      "name": "badTimestamp",
      "msg": "timestamp must be above the vault's last and within 60 seconds of the clock, a multi-sig's up to 14 days before it"
    },
    {
      "code": 6044,
      "name": "tooManyPending",
      "msg": "too many pending withdrawals"
    },
    {
      "code": 6045,
      "name": "destinationNotAllowed",
      "msg": "the destination is not an active entry of the whitelist, nor the owner where there is none"
    },
    {
      "code": 6046,
      "name": "limitUnset",
      "msg": "no limit is set for this mint, so it is closed"
    },
    {
      "code": 6047,
      "name": "transactionLimit",
      "msg": "above the limit per transaction"
    },
    {
      "code": 6048,
      "name": "dailyLimit",
      "msg": "above what the daily limit leaves now"
    },
    {
      "code": 6049,
      "name": "badLimit",
      "msg": "capacity plus refill per day is above what fits an amount"
    },
    {
      "code": 6050,
      "name": "paused",
      "msg": "the program is paused"
    },
    {
      "code": 6051,
      "name": "frozen",
      "msg": "the program is frozen"
    },
    {
      "code": 6052,
      "name": "vaultFrozen",
      "msg": "the vault is frozen"
    },
    {
      "code": 6053,
      "name": "pauseExhausted",
      "msg": "no more pauses in a row or within 24 hours"
    },
    {
      "code": 6054,
      "name": "notPaused",
      "msg": "not paused"
    },
    {
      "code": 6055,
      "name": "pauseNotOver",
      "msg": "the pause has not expired and no matured request of the admin ends it"
    },
    {
      "code": 6056,
      "name": "badFreezeDuration",
      "msg": "a freeze lasts at most 24 hours"
    },
    {
      "code": 6057,
      "name": "freezeTooSoon",
      "msg": "one freeze in seven days"
    },
    {
      "code": 6058,
      "name": "notAdmin",
      "msg": "signer is not the admin"
    },
    {
      "code": 6059,
      "name": "notGuardian",
      "msg": "signer is not the guardian"
    },
    {
      "code": 6060,
      "name": "notUpgradeAuthority",
      "msg": "signer is not the program's upgrade authority"
    },
    {
      "code": 6061,
      "name": "wrongProgramData",
      "msg": "not the ProgramData account of that program"
    },
    {
      "code": 6062,
      "name": "nothingPending",
      "msg": "nothing is pending"
    },
    {
      "code": 6063,
      "name": "notProposedAuthority",
      "msg": "signer is not the proposed authority"
    },
    {
      "code": 6064,
      "name": "stillWaiting",
      "msg": "the wait is not over"
    },
    {
      "code": 6065,
      "name": "zeroAddress",
      "msg": "an address must not be zero"
    },
    {
      "code": 6066,
      "name": "notAMultiSig",
      "msg": "not a multi-sig with at least two approvals"
    },
    {
      "code": 6067,
      "name": "notAProgram",
      "msg": "not an executable program of a supported loader"
    },
    {
      "code": 6068,
      "name": "ownProgram",
      "msg": "a program cannot register this program itself"
    },
    {
      "code": 6069,
      "name": "programNotActive",
      "msg": "the program is not registered, or its registration still waits"
    },
    {
      "code": 6070,
      "name": "programRevoked",
      "msg": "the program was revoked"
    },
    {
      "code": 6071,
      "name": "programUpgraded",
      "msg": "the program was upgraded since its registration"
    },
    {
      "code": 6072,
      "name": "wrongCollateralAuthority",
      "msg": "signer is not the program's collateral authority"
    },
    {
      "code": 6073,
      "name": "wrongProgram",
      "msg": "the lock belongs to another program"
    },
    {
      "code": 6074,
      "name": "capExceeded",
      "msg": "above the cap the owner gave this program"
    },
    {
      "code": 6075,
      "name": "lockRevoked",
      "msg": "the owner revoked this lock"
    },
    {
      "code": 6076,
      "name": "releaseTooEarly",
      "msg": "seven days after the revocation are not over"
    },
    {
      "code": 6077,
      "name": "lockNotRevoked",
      "msg": "the lock is not revoked"
    },
    {
      "code": 6078,
      "name": "lockNotEmpty",
      "msg": "the lock still holds collateral"
    },
    {
      "code": 6079,
      "name": "durableNonce",
      "msg": "durable nonces are refused here"
    },
    {
      "code": 6080,
      "name": "badDelay",
      "msg": "delay out of range"
    },
    {
      "code": 6081,
      "name": "whitelistFull",
      "msg": "the whitelist is full"
    },
    {
      "code": 6082,
      "name": "alreadyWhitelisted",
      "msg": "the wallet is on the whitelist already"
    },
    {
      "code": 6083,
      "name": "notWhitelisted",
      "msg": "the wallet is not on the whitelist"
    },
    {
      "code": 6084,
      "name": "mayNotVeto",
      "msg": "signer may not veto"
    },
    {
      "code": 6085,
      "name": "badOwners",
      "msg": "between 1 and 10 distinct owners, none zero, and a threshold between 1 and their number"
    },
    {
      "code": 6086,
      "name": "notMultiSigOwner",
      "msg": "signer is not an owner of the multi-sig"
    },
    {
      "code": 6087,
      "name": "staleProposal",
      "msg": "the proposal is stale: the owners changed"
    },
    {
      "code": 6088,
      "name": "proposalExpired",
      "msg": "the proposal has expired"
    },
    {
      "code": 6089,
      "name": "proposalClosed",
      "msg": "the proposal is executed or cancelled"
    },
    {
      "code": 6090,
      "name": "alreadyApproved",
      "msg": "this owner has approved already"
    },
    {
      "code": 6091,
      "name": "notEnoughApprovals",
      "msg": "not enough approvals"
    },
    {
      "code": 6092,
      "name": "proposalOpen",
      "msg": "the proposal is still open"
    },
    {
      "code": 6093,
      "name": "instructionNotAllowed",
      "msg": "not an instruction a proposal may carry"
    },
    {
      "code": 6094,
      "name": "proposalAccountsMismatch",
      "msg": "the accounts are not those of the proposal"
    },
    {
      "code": 6095,
      "name": "proposalTooLarge",
      "msg": "the proposal's instruction is too large"
    },
    {
      "code": 6096,
      "name": "badExpiry",
      "msg": "a proposal lives between one minute and fourteen days"
    },
    {
      "code": 6097,
      "name": "notProposer",
      "msg": "not the proposer's own account"
    },
    {
      "code": 6098,
      "name": "wrongMultiSig",
      "msg": "another multi-sig's account"
    },
    {
      "code": 6099,
      "name": "wrongIndex",
      "msg": "not the proposer's next index"
    },
    {
      "code": 6100,
      "name": "wrongPayer",
      "msg": "not who paid for the request"
    },
    {
      "code": 6101,
      "name": "executorOnlyPays",
      "msg": "whoever executes a proposal stands in for its payer only"
    },
    {
      "code": 6102,
      "name": "proposalContentMismatch",
      "msg": "the proposal has another content than the one approved"
    },
    {
      "code": 6103,
      "name": "notApproved",
      "msg": "this owner has not approved"
    },
    {
      "code": 6104,
      "name": "programUnchanged",
      "msg": "the program has the code that was registered, and is not revoked"
    },
    {
      "code": 6105,
      "name": "lessReceived",
      "msg": "less would arrive than the least that was signed for: the mint's fee rose"
    },
    {
      "code": 6106,
      "name": "badMinimum",
      "msg": "the least to arrive is above the amount that leaves"
    },
    {
      "code": 6107,
      "name": "rulesInForce",
      "msg": "the rules must be removed first, which waits"
    },
    {
      "code": 6108,
      "name": "sameHolder",
      "msg": "admin and guardian must be two"
    },
    {
      "code": 6109,
      "name": "wrongCode",
      "msg": "the program has other code than the one that was named"
    }
  ],
  "types": [
    {
      "name": "allFrozen",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "frozenUntil",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "authorizedProgram",
      "docs": [
        "A program that owners may let lock their collateral. `[\"authorized_program\", program_id]`."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "collateralAuthority",
            "docs": [
              "`find_program_address([\"collateral_authority\"], program_id)`, derived here at registration: whoever signs with it is the program."
            ],
            "type": "pubkey"
          },
          {
            "name": "programData",
            "docs": [
              "Its ProgramData account; `program_id` itself for a loader whose programs cannot change."
            ],
            "type": "pubkey"
          },
          {
            "name": "codeHash",
            "docs": [
              "SHA-256 of its code at registration, without the zeros behind it: `loader::Code`."
            ],
            "type": {
              "array": [
                "u8",
                32
              ]
            }
          },
          {
            "name": "codeLength",
            "type": "u64"
          },
          {
            "name": "deploySlot",
            "docs": [
              "Slot of its last deployment with that code; another one stops lock and transfer."
            ],
            "type": "u64"
          },
          {
            "name": "activeAt",
            "docs": [
              "Unix time from which it may lock and transfer."
            ],
            "type": "i64"
          },
          {
            "name": "revokedAt",
            "docs": [
              "Unix time of its revocation; 0: not revoked."
            ],
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "balance",
      "docs": [
        "One vault's ledger of one mint. `[\"balance\", vault, mint]`. Amounts in the mint's base units."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "vaultTokens",
            "docs": [
              "The vault's own associated token account."
            ],
            "type": "pubkey"
          },
          {
            "name": "ownerTokens",
            "docs": [
              "The owner's associated token account: where withdrawals go unless a whitelist says otherwise."
            ],
            "type": "pubkey"
          },
          {
            "name": "total",
            "docs": [
              "Everything the ledger owes the owner; at most what `vault_tokens` holds."
            ],
            "type": "u64"
          },
          {
            "name": "locked",
            "docs": [
              "Part of `total` held by program locks; their sum."
            ],
            "type": "u64"
          },
          {
            "name": "seqNum",
            "docs": [
              "Counts money events of this balance; a gap means a missed event."
            ],
            "type": "u64"
          },
          {
            "name": "limits",
            "docs": [
              "Meaningful while `is_limited` is 1."
            ],
            "type": {
              "defined": {
                "name": "limits"
              }
            }
          },
          {
            "name": "pendingLimits",
            "type": {
              "defined": {
                "name": "limits"
              }
            }
          },
          {
            "name": "pendingLimitsAt",
            "docs": [
              "Unix time from which the pending limits count; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "bucket",
            "type": {
              "defined": {
                "name": "bucket"
              }
            }
          },
          {
            "name": "programLocks",
            "type": "u32"
          },
          {
            "name": "pendingWithdrawals",
            "type": "u32"
          },
          {
            "name": "isLimited",
            "type": "u8"
          },
          {
            "name": "decimals",
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                5
              ]
            }
          }
        ]
      }
    },
    {
      "name": "balanceClosed",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "surplus",
            "docs": [
              "Donations paid out to the owner."
            ],
            "type": "u64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "balanceOpened",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "mint",
            "type": "pubkey"
          },
          {
            "name": "hasFreezeAuthority",
            "docs": [
              "Whoever holds it can freeze the tokens, and no program can change that."
            ],
            "type": "bool"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "bucket",
      "docs": [
        "Amounts in the mint's base units; `remainder` in base units / 86,400, so that refilling rounds nothing away."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "level",
            "type": "u64"
          },
          {
            "name": "remainder",
            "type": "u64"
          },
          {
            "name": "updatedAt",
            "docs": [
              "Unix time up to which the level has been refilled."
            ],
            "type": "i64"
          }
        ]
      }
    },
    {
      "name": "collateralTransferred",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "source",
            "type": "pubkey"
          },
          {
            "name": "destination",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "type": "u64"
          },
          {
            "name": "received",
            "type": "u64"
          },
          {
            "name": "programLocked",
            "type": "u64"
          },
          {
            "name": "sourceLedger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          },
          {
            "name": "destinationLedger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          }
        ]
      }
    },
    {
      "name": "createSecurityConfigArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "withdrawalDelay",
            "docs": [
              "Seconds between the request and the execution of a withdrawal; 0: direct withdrawals."
            ],
            "type": "i64"
          },
          {
            "name": "isWhitelistOn",
            "docs": [
              "From now on only wallets of the whitelist receive, the owner only if he is on it."
            ],
            "type": "bool"
          },
          {
            "name": "whitelist",
            "type": {
              "vec": "pubkey"
            }
          },
          {
            "name": "vetoer",
            "docs": [
              "May veto and cancel, nothing else; zero: nobody."
            ],
            "type": "pubkey"
          }
        ]
      }
    },
    {
      "name": "depositArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "amount",
            "docs": [
              "Base units that leave the owner; a mint with a transfer fee credits less."
            ],
            "type": "u64"
          },
          {
            "name": "decimals",
            "docs": [
              "Must be the mint's: catches an amount of the wrong magnitude."
            ],
            "type": "u8"
          }
        ]
      }
    },
    {
      "name": "deposited",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "docs": [
              "What left the depositor; `received` is what arrived."
            ],
            "type": "u64"
          },
          {
            "name": "received",
            "type": "u64"
          },
          {
            "name": "ledger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          }
        ]
      }
    },
    {
      "name": "initializeAuthorityArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "admin",
            "type": "pubkey"
          },
          {
            "name": "guardian",
            "type": "pubkey"
          }
        ]
      }
    },
    {
      "name": "ledger",
      "docs": [
        "State of a balance after a money event."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "total",
            "type": "u64"
          },
          {
            "name": "locked",
            "type": "u64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "limits",
      "docs": [
        "What may leave of one mint. All in the mint's base units; capacity + refill per day is the daily limit."
      ],
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "perTransaction",
            "type": "u64"
          },
          {
            "name": "capacity",
            "type": "u64"
          },
          {
            "name": "refillPerDay",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "limitsSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "isLimited",
            "type": "bool"
          },
          {
            "name": "limits",
            "type": {
              "defined": {
                "name": "limits"
              }
            }
          },
          {
            "name": "pendingLimits",
            "type": {
              "defined": {
                "name": "limits"
              }
            }
          },
          {
            "name": "pendingLimitsAt",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "lockReleased",
      "docs": [
        "The owner released the lock of a revoked program."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "type": "u64"
          },
          {
            "name": "ledger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          }
        ]
      }
    },
    {
      "name": "locked",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "type": "u64"
          },
          {
            "name": "programLocked",
            "docs": [
              "What this program holds now."
            ],
            "type": "u64"
          },
          {
            "name": "ledger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          }
        ]
      }
    },
    {
      "name": "multiSigArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "owners",
            "docs": [
              "1 to 10, distinct, none zero."
            ],
            "type": {
              "vec": "pubkey"
            }
          },
          {
            "name": "threshold",
            "type": "u8"
          }
        ]
      }
    },
    {
      "name": "multiSigSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "owners",
            "type": {
              "vec": "pubkey"
            }
          },
          {
            "name": "threshold",
            "type": "u8"
          },
          {
            "name": "epoch",
            "type": "u64"
          },
          {
            "name": "pendingOwners",
            "type": {
              "vec": "pubkey"
            }
          },
          {
            "name": "pendingThreshold",
            "type": "u8"
          },
          {
            "name": "pendingAt",
            "type": "i64"
          },
          {
            "name": "isRemoved",
            "type": "bool"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "multiSigVault",
      "docs": [
        "Owners who together are a vault's authority. `[\"multi_sig_vault\", vault]`. It signs only inside `execute_proposal`."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "owners",
            "docs": [
              "The first `owner_count` count."
            ],
            "type": {
              "array": [
                "pubkey",
                10
              ]
            }
          },
          {
            "name": "pendingOwners",
            "type": {
              "array": [
                "pubkey",
                10
              ]
            }
          },
          {
            "name": "epoch",
            "docs": [
              "Changes with every change of the owners, and never repeats for a vault: a proposal of another epoch is stale."
            ],
            "type": "u64"
          },
          {
            "name": "createdSlot",
            "docs": [
              "Slot of its creation: one that is removed and made again is another."
            ],
            "type": "u64"
          },
          {
            "name": "proposalCounts",
            "docs": [
              "How many proposals each place among the owners has made; they never go back, whoever holds the place."
            ],
            "type": {
              "array": [
                "u64",
                10
              ]
            }
          },
          {
            "name": "pendingAt",
            "docs": [
              "Unix time from which the pending owners may be applied; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "ownerCount",
            "type": "u8"
          },
          {
            "name": "threshold",
            "type": "u8"
          },
          {
            "name": "pendingOwnerCount",
            "docs": [
              "0 with `pending_at` set: the multi-sig is to be removed."
            ],
            "type": "u8"
          },
          {
            "name": "pendingThreshold",
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                3
              ]
            }
          }
        ]
      }
    },
    {
      "name": "pauseSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "pausedUntil",
            "type": "i64"
          },
          {
            "name": "pausesInRow",
            "type": "u8"
          },
          {
            "name": "unpauseAt",
            "docs": [
              "Unix time from which the admin may end it early; 0: not requested."
            ],
            "type": "i64"
          },
          {
            "name": "by",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "pendingWithdrawal",
      "docs": [
        "A delayed withdrawal. `[\"pending_withdrawal\", vault, timestamp_i64_le]`. It reserves nothing; its execution checks everything again."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "destination",
            "docs": [
              "Wallet that receives, and its associated token account, both fixed by the request."
            ],
            "type": "pubkey"
          },
          {
            "name": "destinationTokens",
            "type": "pubkey"
          },
          {
            "name": "payer",
            "docs": [
              "Who paid the rent and gets it back."
            ],
            "type": "pubkey"
          },
          {
            "name": "amount",
            "docs": [
              "Base units of the balance's mint."
            ],
            "type": "u64"
          },
          {
            "name": "minimumReceived",
            "docs": [
              "What must arrive at least when anybody else than the vault's authority executes it."
            ],
            "type": "u64"
          },
          {
            "name": "timestamp",
            "docs": [
              "The seed; says nothing about when."
            ],
            "type": "i64"
          },
          {
            "name": "requestedAt",
            "docs": [
              "Unix time of the cluster when the request ran, and from which it may be executed."
            ],
            "type": "i64"
          },
          {
            "name": "maturesAt",
            "type": "i64"
          },
          {
            "name": "configVersion",
            "docs": [
              "The vault's `config_version` of the request."
            ],
            "type": "u64"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "programConfirmed",
      "docs": [
        "The slot of a program's deployment moved, its code did not: somebody extended it."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "deploySlot",
            "type": "u64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "programLock",
      "docs": [
        "What one program holds of one balance. `[\"program_lock\", balance, program_id]`. Amounts in the mint's base units."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "locked",
            "type": "u64"
          },
          {
            "name": "cap",
            "docs": [
              "The most that `locked` may reach by locking; the owner's signature set it."
            ],
            "type": "u64"
          },
          {
            "name": "pendingCap",
            "type": "u64"
          },
          {
            "name": "pendingCapAt",
            "docs": [
              "Unix time from which the pending cap counts; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "revokedAt",
            "docs": [
              "Unix time at which the owner revoked it; 0: not revoked."
            ],
            "type": "i64"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                7
              ]
            }
          }
        ]
      }
    },
    {
      "name": "programLockSet",
      "docs": [
        "Cap and revocation of a program lock after a setting; `pending_cap_at` 0: nothing waits."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "cap",
            "type": "u64"
          },
          {
            "name": "pendingCap",
            "type": "u64"
          },
          {
            "name": "pendingCapAt",
            "type": "i64"
          },
          {
            "name": "revokedAt",
            "type": "i64"
          },
          {
            "name": "isClosed",
            "type": "bool"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "programSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "collateralAuthority",
            "type": "pubkey"
          },
          {
            "name": "codeHash",
            "docs": [
              "SHA-256 of its code, without the zeros behind it."
            ],
            "type": {
              "array": [
                "u8",
                32
              ]
            }
          },
          {
            "name": "deploySlot",
            "type": "u64"
          },
          {
            "name": "activeAt",
            "type": "i64"
          },
          {
            "name": "revokedAt",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "proposal",
      "docs": [
        "An instruction of this program that the owners approve. `[\"proposal\", multi_sig_vault, index_u64_le]`."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "multiSig",
            "type": "pubkey"
          },
          {
            "name": "proposer",
            "type": "pubkey"
          },
          {
            "name": "index",
            "type": "u64"
          },
          {
            "name": "epoch",
            "docs": [
              "The multi-sig's epoch when it was proposed."
            ],
            "type": "u64"
          },
          {
            "name": "createdAt",
            "type": "i64"
          },
          {
            "name": "expiresAt",
            "docs": [
              "Unix time from which it can be neither approved nor executed."
            ],
            "type": "i64"
          },
          {
            "name": "seqNum",
            "docs": [
              "Counts events of this proposal."
            ],
            "type": "u64"
          },
          {
            "name": "approvals",
            "docs": [
              "Bit i: the multi-sig's owner i approved."
            ],
            "type": "u16"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "proposalState"
              }
            }
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "accounts",
            "type": {
              "vec": {
                "defined": {
                  "name": "proposalAccount"
                }
              }
            }
          },
          {
            "name": "data",
            "type": "bytes"
          }
        ]
      }
    },
    {
      "name": "proposalAccount",
      "docs": [
        "One account of a proposal's instruction. The multi-sig signs; `EXECUTOR` stands for whoever executes, who signs and pays."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "key",
            "type": "pubkey"
          },
          {
            "name": "isWritable",
            "type": "bool"
          }
        ]
      }
    },
    {
      "name": "proposalChanged",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "multiSig",
            "type": "pubkey"
          },
          {
            "name": "proposal",
            "type": "pubkey"
          },
          {
            "name": "index",
            "docs": [
              "Counts up by `INDEX_PLACES` for each place among the owners: a gap means a missed proposal."
            ],
            "type": "u64"
          },
          {
            "name": "by",
            "type": "pubkey"
          },
          {
            "name": "approvals",
            "type": "u16"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "proposalState"
              }
            }
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "proposalClosed",
      "docs": [
        "Its account is gone: the last event of this proposal."
      ],
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "multiSig",
            "type": "pubkey"
          },
          {
            "name": "proposal",
            "type": "pubkey"
          },
          {
            "name": "index",
            "type": "u64"
          },
          {
            "name": "state",
            "type": {
              "defined": {
                "name": "proposalState"
              }
            }
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "proposalState",
      "type": {
        "kind": "enum",
        "variants": [
          {
            "name": "open"
          },
          {
            "name": "executed"
          },
          {
            "name": "cancelled"
          }
        ]
      }
    },
    {
      "name": "proposeArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "index",
            "docs": [
              "The proposer's next index (`MultiSigVault::next_index`): nobody can take it before him."
            ],
            "type": "u64"
          },
          {
            "name": "expiresAt",
            "docs": [
              "Unix time from which it can be neither approved nor executed; a minute to fourteen days from now."
            ],
            "type": "i64"
          },
          {
            "name": "accounts",
            "docs": [
              "The instruction's accounts in order; see `ProposalAccount`."
            ],
            "type": {
              "vec": {
                "defined": {
                  "name": "proposalAccount"
                }
              }
            }
          },
          {
            "name": "data",
            "docs": [
              "The instruction's data, discriminator included."
            ],
            "type": "bytes"
          }
        ]
      }
    },
    {
      "name": "proposeAuthorityArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "role",
            "type": {
              "defined": {
                "name": "role"
              }
            }
          },
          {
            "name": "holder",
            "type": "pubkey"
          }
        ]
      }
    },
    {
      "name": "requestWithdrawalArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "amount",
            "docs": [
              "Base units that will leave the vault."
            ],
            "type": "u64"
          },
          {
            "name": "minimumReceived",
            "docs": [
              "Base units that must arrive when anybody else than the vault's authority executes it: a mint's fee may rise until then."
            ],
            "type": "u64"
          },
          {
            "name": "decimals",
            "docs": [
              "Must be the mint's: catches an amount of the wrong magnitude."
            ],
            "type": "u8"
          },
          {
            "name": "timestamp",
            "docs": [
              "Only a seed: above the vault's last, within 60 seconds of the cluster's clock; a multi-sig's, which was fixed when it was",
              "proposed, may be as old as a proposal. After a collision, try the last one plus 1."
            ],
            "type": "i64"
          },
          {
            "name": "destination",
            "docs": [
              "The wallet whose associated token account receives."
            ],
            "type": "pubkey"
          }
        ]
      }
    },
    {
      "name": "role",
      "type": {
        "kind": "enum",
        "variants": [
          {
            "name": "admin"
          },
          {
            "name": "guardian"
          },
          {
            "name": "freezeMultiSig"
          }
        ]
      }
    },
    {
      "name": "roleSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "role",
            "type": {
              "defined": {
                "name": "role"
              }
            }
          },
          {
            "name": "holder",
            "type": "pubkey"
          },
          {
            "name": "pending",
            "type": "pubkey"
          },
          {
            "name": "pendingAt",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "securityChange",
      "docs": [
        "One change of a security configuration. Whatever loosens waits the current delay, at least a day."
      ],
      "type": {
        "kind": "enum",
        "variants": [
          {
            "name": "withdrawalDelay",
            "fields": [
              {
                "name": "seconds",
                "type": "i64"
              }
            ]
          },
          {
            "name": "whitelist",
            "fields": [
              {
                "name": "on",
                "type": "bool"
              }
            ]
          },
          {
            "name": "addWallet",
            "fields": [
              {
                "name": "wallet",
                "type": "pubkey"
              }
            ]
          },
          {
            "name": "removeWallet",
            "fields": [
              {
                "name": "wallet",
                "type": "pubkey"
              }
            ]
          },
          {
            "name": "vetoer",
            "fields": [
              {
                "name": "vetoer",
                "type": "pubkey"
              }
            ]
          },
          {
            "name": "closing",
            "fields": [
              {
                "name": "on",
                "type": "bool"
              }
            ]
          }
        ]
      }
    },
    {
      "name": "securityConfig",
      "docs": [
        "An owner's rules for his own vault. `[\"security_config\", vault]`. Tightening counts at once; loosening waits the current delay,",
        "at least a day, and can be vetoed until it counts."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "vetoer",
            "docs": [
              "May veto loosening and cancel pending withdrawals, and nothing else; zero: nobody besides the vault's authority."
            ],
            "type": "pubkey"
          },
          {
            "name": "pendingVetoer",
            "type": "pubkey"
          },
          {
            "name": "whitelist",
            "type": {
              "array": [
                {
                  "defined": {
                    "name": "whitelistEntry"
                  }
                },
                16
              ]
            }
          },
          {
            "name": "withdrawalDelay",
            "docs": [
              "Seconds between a request and its withdrawal; above 0, direct withdrawals fail."
            ],
            "type": "i64"
          },
          {
            "name": "pendingWithdrawalDelay",
            "type": "i64"
          },
          {
            "name": "pendingWithdrawalDelayAt",
            "docs": [
              "Unix times from which the pending values count; 0: none."
            ],
            "type": "i64"
          },
          {
            "name": "pendingVetoerAt",
            "type": "i64"
          },
          {
            "name": "whitelistOffAt",
            "type": "i64"
          },
          {
            "name": "closingAt",
            "docs": [
              "Unix time from which the vault may be closed; 0: it may not."
            ],
            "type": "i64"
          },
          {
            "name": "isWhitelistOn",
            "docs": [
              "1: only active entries of the whitelist receive; 0: only the owner does."
            ],
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                6
              ]
            }
          }
        ]
      }
    },
    {
      "name": "securityConfigSet",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "withdrawalDelay",
            "type": "i64"
          },
          {
            "name": "pendingWithdrawalDelay",
            "type": "i64"
          },
          {
            "name": "pendingWithdrawalDelayAt",
            "type": "i64"
          },
          {
            "name": "vetoer",
            "type": "pubkey"
          },
          {
            "name": "pendingVetoer",
            "type": "pubkey"
          },
          {
            "name": "pendingVetoerAt",
            "type": "i64"
          },
          {
            "name": "isWhitelistOn",
            "type": "bool"
          },
          {
            "name": "whitelistOffAt",
            "type": "i64"
          },
          {
            "name": "closingAt",
            "type": "i64"
          },
          {
            "name": "whitelist",
            "type": {
              "vec": {
                "defined": {
                  "name": "whitelistEntry"
                }
              }
            }
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "securityVeto",
      "docs": [
        "What is vetoed: a change that waits."
      ],
      "type": {
        "kind": "enum",
        "variants": [
          {
            "name": "withdrawalDelay"
          },
          {
            "name": "whitelistOff"
          },
          {
            "name": "wallet",
            "fields": [
              {
                "name": "wallet",
                "type": "pubkey"
              }
            ]
          },
          {
            "name": "vetoer"
          },
          {
            "name": "closing"
          }
        ]
      }
    },
    {
      "name": "transferCollateralArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "amount",
            "docs": [
              "Base units taken from the program's own lock; a mint with a transfer fee credits less."
            ],
            "type": "u64"
          },
          {
            "name": "decimals",
            "docs": [
              "Must be the mint's: catches an amount of the wrong magnitude."
            ],
            "type": "u8"
          }
        ]
      }
    },
    {
      "name": "unlocked",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "programId",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "type": "u64"
          },
          {
            "name": "programLocked",
            "type": "u64"
          },
          {
            "name": "ledger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          }
        ]
      }
    },
    {
      "name": "vault",
      "docs": [
        "One user's vault. `[\"vault\", owner]`. It signs for its own token accounts and for nothing else."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "docs": [
              "Counts settings events of this vault; a gap means a missed event."
            ],
            "type": "u64"
          },
          {
            "name": "configVersion",
            "docs": [
              "Changes whenever a rule of withdrawals changes; a pending withdrawal of another version is stale."
            ],
            "type": "u64"
          },
          {
            "name": "lastWithdrawalTimestamp",
            "docs": [
              "Seed of the last delayed withdrawal; the next must be above it."
            ],
            "type": "i64"
          },
          {
            "name": "frozenAt",
            "type": "i64"
          },
          {
            "name": "frozenUntil",
            "type": "i64"
          },
          {
            "name": "balances",
            "docs": [
              "Open balances."
            ],
            "type": "u32"
          },
          {
            "name": "pendingWithdrawals",
            "type": "u32"
          },
          {
            "name": "hasSecurityConfig",
            "docs": [
              "1 while the security configuration exists: withdrawing without its account fails."
            ],
            "type": "u8"
          },
          {
            "name": "hasMultiSig",
            "docs": [
              "1 while the multi-sig exists: only its address, signing through an executed proposal, is the authority."
            ],
            "type": "u8"
          },
          {
            "name": "isMultiSigWaiting",
            "docs": [
              "1 while a first multi-sig waits: its account exists, the owner still decides."
            ],
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "multiSigBump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                3
              ]
            }
          }
        ]
      }
    },
    {
      "name": "vaultAuthority",
      "docs": [
        "Configuration of the program, never a signer. `[\"vault_authority\"]`. No instruction of a user writes it."
      ],
      "serialization": "bytemuck",
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "admin",
            "type": "pubkey"
          },
          {
            "name": "pendingAdmin",
            "docs": [
              "Zero: nothing pending."
            ],
            "type": "pubkey"
          },
          {
            "name": "guardian",
            "type": "pubkey"
          },
          {
            "name": "pendingGuardian",
            "type": "pubkey"
          },
          {
            "name": "freezeMultiSig",
            "docs": [
              "The multi-sig that may freeze everything; zero: nobody may."
            ],
            "type": "pubkey"
          },
          {
            "name": "pendingFreezeMultiSig",
            "type": "pubkey"
          },
          {
            "name": "freezeMultiSigCreatedSlot",
            "docs": [
              "Slot of its creation: another one at the same address may not freeze."
            ],
            "type": "u64"
          },
          {
            "name": "pendingAdminAt",
            "docs": [
              "Unix time from which the pending role may be accepted."
            ],
            "type": "i64"
          },
          {
            "name": "pendingGuardianAt",
            "type": "i64"
          },
          {
            "name": "pendingFreezeMultiSigAt",
            "type": "i64"
          },
          {
            "name": "pauseRowStartedAt",
            "docs": [
              "Beginning of the current or last row of pauses, and the end of its last one."
            ],
            "type": "i64"
          },
          {
            "name": "pausedUntil",
            "type": "i64"
          },
          {
            "name": "recentPauses",
            "docs": [
              "Beginnings of the last pauses, newest first."
            ],
            "type": {
              "array": [
                "i64",
                3
              ]
            }
          },
          {
            "name": "unpauseAt",
            "docs": [
              "Unix time from which the admin may end the pause early; 0: not requested."
            ],
            "type": "i64"
          },
          {
            "name": "frozenAt",
            "type": "i64"
          },
          {
            "name": "frozenUntil",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "pausesInRow",
            "type": "u8"
          },
          {
            "name": "isPauseOpen",
            "docs": [
              "1 from a pause until somebody ends it; the pause itself ends by the clock."
            ],
            "type": "u8"
          },
          {
            "name": "bump",
            "type": "u8"
          },
          {
            "name": "padding",
            "type": {
              "array": [
                "u8",
                5
              ]
            }
          }
        ]
      }
    },
    {
      "name": "vaultClosed",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "vaultFrozen",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "frozenUntil",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "vaultInitialized",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "owner",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "whitelistEntry",
      "docs": [
        "A wallet whose associated token accounts may receive. A zero wallet is a free slot."
      ],
      "repr": {
        "kind": "c"
      },
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "wallet",
            "type": "pubkey"
          },
          {
            "name": "activeAt",
            "docs": [
              "Unix time from which it counts."
            ],
            "type": "i64"
          }
        ]
      }
    },
    {
      "name": "withdrawArgs",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "amount",
            "docs": [
              "Base units that leave the vault; a mint with a transfer fee delivers less."
            ],
            "type": "u64"
          },
          {
            "name": "minimumReceived",
            "docs": [
              "Base units that must arrive: a proposal may wait for two weeks, and the mint's fee may rise meanwhile."
            ],
            "type": "u64"
          },
          {
            "name": "decimals",
            "docs": [
              "Must be the mint's: catches an amount of the wrong magnitude."
            ],
            "type": "u8"
          }
        ]
      }
    },
    {
      "name": "withdrawalCancelled",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "pendingWithdrawal",
            "type": "pubkey"
          },
          {
            "name": "by",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "withdrawalExecuted",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "pendingWithdrawal",
            "type": "pubkey"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "withdrawalRequested",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "vault",
            "type": "pubkey"
          },
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "pendingWithdrawal",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "type": "u64"
          },
          {
            "name": "minimumReceived",
            "type": "u64"
          },
          {
            "name": "destination",
            "type": "pubkey"
          },
          {
            "name": "maturesAt",
            "type": "i64"
          },
          {
            "name": "seqNum",
            "type": "u64"
          },
          {
            "name": "slot",
            "type": "u64"
          }
        ]
      }
    },
    {
      "name": "withdrawn",
      "type": {
        "kind": "struct",
        "fields": [
          {
            "name": "balance",
            "type": "pubkey"
          },
          {
            "name": "amount",
            "docs": [
              "What left the vault; `received` is what arrived."
            ],
            "type": "u64"
          },
          {
            "name": "received",
            "type": "u64"
          },
          {
            "name": "destinationTokens",
            "type": "pubkey"
          },
          {
            "name": "ledger",
            "type": {
              "defined": {
                "name": "ledger"
              }
            }
          }
        ]
      }
    }
  ]
};
