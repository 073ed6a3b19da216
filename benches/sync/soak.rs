//! Steady load for some minutes: the service's memory must stay flat and nothing may be lost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::Timestamp;

use crate::figures::Verdict;
use crate::house::House;
use crate::load::{self, shifts};
use crate::options::Options;
use crate::records::{Maker, Mix, Walk};
use crate::world::World;

/// Sends batches for the minutes asked for, and looks at the memory after each fifth of them.
pub async fn run(house: &House, options: &Options, verdict: &mut Verdict) -> Result<()> {
    let world = World::new(100_000, Timestamp::now());
    let (service, _) = house.serve("soak", &world).await?;
    let mut makers = Maker::all(&world, &service.tokens, options.seed, Walk::Along);
    let (mut accepted, mut memory) = (0, Vec::new());
    let fifth = Duration::from_secs(options.minutes * 60 / 5);
    for _ in 0..5 {
        let until = Instant::now() + fifth;
        while Instant::now() < until {
            let work = shifts(&mut makers, 4, 100, 100, Mix::Mixed)?;
            accepted += load::send(&service, &work).await?.accepted;
        }
        memory.push(service.memory("VmRSS")?);
        println!("{accepted} records, service {:.1} MiB", service.memory("VmRSS")?);
    }
    ensure!(service.stored().await? == i64::try_from(accepted)?, "records stored differ from receipts");
    service.none_idle_in_transaction().await?;
    service.recount()?;
    verdict.at_most("memory at the end over memory after a fifth", &[memory[4] / memory[0]], 1.2);
    service.stop()
}
