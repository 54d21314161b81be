//! A surfpool validator on given ports: prints `ready` once it answers, and ends when its standard input does, so that it never
//! outlives the command that started it.
//!
//! The SDK's own builder chooses the ports and cannot set a genesis hash; this does what it does, with both.
use std::{collections::HashMap, env, process::exit, str::FromStr};

use surfpool_core::surfnet::{
    locker::SurfnetSvmLocker,
    svm::{SurfnetSvm, SurfnetSvmConfig},
};
use surfpool_sdk::{BlockProductionMode, Pubkey, SimnetCommand, SimnetEvent, SvmFeatureConfig};
use surfpool_types::{RpcConfig, SimnetConfig, SurfpoolConfig};
use tokio::io::{stdin, AsyncReadExt};

/// Every flag is `--name value` and required; only the command that starts this types them.
struct Flags(HashMap<String, String>);

impl Flags {
    fn parse() -> Self {
        let words: Vec<String> = env::args().skip(1).collect();
        Flags(
            words
                .chunks(2)
                .map(|pair| (pair[0].clone(), pair.get(1).cloned().unwrap_or_default()))
                .collect(),
        )
    }

    fn get<T: FromStr>(&self, name: &str) -> T {
        self.0
            .get(name)
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(|| fail(&format!("{name} is missing or malformed")))
    }
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    exit(1);
}

#[tokio::main]
async fn main() {
    let flags = Flags::parse();
    let simnet = SimnetConfig {
        offline_mode: true,
        remote_rpc_url: None,
        slot_time: flags.get("--slot-ms"),
        block_production_mode: BlockProductionMode::Clock,
        airdrop_addresses: vec![flags.get::<Pubkey>("--payer")],
        airdrop_token_amount: flags.get("--lamports"),
        instruction_profiling_enabled: false,
        skip_blockhash_check: false,
        genesis_hash: Some(flags.get("--genesis-hash")),
        ..Default::default()
    };
    let svm = SurfnetSvmConfig {
        surfnet_id: simnet.surfnet_id.clone(),
        slot_time: simnet.slot_time,
        instruction_profiling_enabled: simnet.instruction_profiling_enabled,
        max_profiles: simnet.max_profiles,
        log_bytes_limit: simnet.log_bytes_limit,
        feature_config: SvmFeatureConfig::default(),
        skip_blockhash_check: simnet.skip_blockhash_check,
    };
    let config = SurfpoolConfig {
        simnets: vec![simnet],
        rpc: RpcConfig {
            bind_host: "127.0.0.1".to_string(),
            bind_port: flags.get("--port"),
            ws_port: flags.get("--ws-port"),
            ..Default::default()
        },
        ..Default::default()
    };

    let (surfnet, events, geyser_events) =
        SurfnetSvm::new(svm).unwrap_or_else(|error| fail(&format!("surfpool: {error}")));
    let (commands, received_commands) = crossbeam_channel::unbounded();
    let runloop_commands = commands.clone();
    std::thread::spawn(move || {
        let runloop = surfpool_core::runloops::start_local_surfnet_runloop(
            SurfnetSvmLocker::new(surfnet),
            config,
            runloop_commands,
            received_commands,
            geyser_events,
        );
        if let Err(error) = hiro_system_kit::nestable_block_on(runloop) {
            fail(&format!("surfpool: {error}"));
        }
    });
    // Nobody else reads the events, and their channel must not fill up.
    std::thread::spawn(move || {
        while let Ok(event) = events.recv() {
            match event {
                SimnetEvent::CoreStarted(_) => println!("ready"),
                SimnetEvent::Aborted(reason) => fail(&format!("surfpool: {reason}")),
                _ => {}
            }
        }
    });

    let mut rest = Vec::new();
    let _ = stdin().read_to_end(&mut rest).await;
    let _ = commands.send(SimnetCommand::Terminate(None));
    exit(0);
}
