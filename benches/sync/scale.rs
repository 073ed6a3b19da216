//! The part about scale: the same work on a small and on a large survey, and the pages of the large one.

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};

use crate::figures::Verdict;
use crate::house::{House, Service};
use crate::load::{self, shifts};
use crate::options::Options;
use crate::records::{Maker, Mix, Walk};
use crate::world::World;

/// Doors of the small survey.
const SMALL: usize = 10_000;

/// Measures and judges what size costs.
pub async fn run(house: &House, options: &Options, verdict: &mut Verdict) -> Result<()> {
    let now = Timestamp::now();
    let (small, large) = (World::new(SMALL, now), World::new(options.large(), now));
    let (little, setup) = house.serve("small", &small).await?;
    println!("\n{} doors set up in {:.1} s", small.doors, setup.as_secs_f64());
    let (big, setup) = house.serve("large", &large).await?;
    println!("{} doors set up in {:.1} s", large.doors, setup.as_secs_f64());
    let ratios = costs(options, (&little, &small), (&big, &large)).await?;
    little.stop()?;
    pages(&big, &large, options).await?;
    big.none_idle_in_transaction().await?;
    big.recount()?;
    println!("service at {} cases: at most {:.0} MiB", large.doors, big.memory("VmHWM")?);
    println!();
    let what = format!("cost of a batch at {} cases over that at {}", large.doors, small.doors);
    verdict.at_most(&what, &ratios, 1.5);
    big.stop()
}

/// Batches of 100 to both surveys in turn; every door is met for the first time, which is what limits the rounds. Ratio of the median times per round.
async fn costs(options: &Options, small: (&Service, &World), large: (&Service, &World)) -> Result<Vec<f64>> {
    let makers = |of: (&Service, &World)| Maker::all(of.1, &of.0.tokens, options.seed, Walk::Along);
    let (mut of_small, mut of_large) = (makers(small), makers(large));
    let mut ratios = Vec::new();
    for round in 0..=options.rounds.min(3) {
        let work = shifts(&mut of_small, 8, 24, 100, Mix::Mixed)?;
        let little = load::send(small.0, &work).await?.timing.quantile(0.5);
        let work = shifts(&mut of_large, 8, 24, 100, Mix::Mixed)?;
        let big = load::send(large.0, &work).await?.timing.quantile(0.5);
        println!(
            "  batch of 100, 8 connections: {little:.1} ms at {} cases, {big:.1} ms at {}",
            small.1.doors, large.1.doors
        );
        // The first round only warms.
        if round > 0 {
            ratios.push(big / little);
        }
    }
    Ok(ratios)
}

/// The pages of a survey with some field work behind it.
async fn pages(service: &Service, world: &World, options: &Options) -> Result<()> {
    let mut makers = Maker::all(world, &service.tokens, !options.seed, Walk::Along);
    let batches = if options.quick { 64 } else { 400 };
    let work = shifts(&mut makers, 16, batches, 100, Mix::Mixed)?;
    let done = load::send(service, &work).await?;
    ensure!(done.accepted == done.timing.records, "not every record was accepted");
    println!(
        "  {} records more at {:.0} records/s over 16 connections",
        done.timing.records,
        done.timing.rate()
    );
    let leaf = world.leaf_of(0);
    let tenth = World::part(0);
    let instant = Timestamp::now() - SignedDuration::from_secs(5);
    let instant = instant.to_string().replace('+', "%2B");
    let times = if options.quick { 10 } else { 30 };
    println!("\n| page at {} cases | bytes | p50 ms | p95 ms |\n|---|---|---|---|", world.doors);
    for (name, path) in [
        ("completion, root", "/v1/completion".to_owned()),
        ("completion, a tenth", format!("/v1/completion?area={tenth}")),
        ("completion, leaf", format!("/v1/completion?area={leaf}")),
        ("completion by building, leaf", format!("/v1/completion?area={leaf}&by=building")),
        ("completion by building, a hundredth", format!("/v1/completion?area={tenth}-00&by=building")),
        ("completion by enumerator, root", "/v1/completion?by=enumerator".to_owned()),
        ("completion by day, a tenth", format!("/v1/completion?area={tenth}&by=day")),
        ("completion at a past instant, root", format!("/v1/completion?at={instant}")),
        ("the same by the event clock", format!("/v1/completion?at={instant}&clock=event")),
        ("return visits, root", "/v1/return-visits".to_owned()),
        ("return visits, leaf", format!("/v1/return-visits?area={leaf}")),
        ("return visits in two days, root", format!("/v1/return-visits?at={}", in_two_days())),
        ("cases, root", "/v1/cases".to_owned()),
        ("cases refused, root", "/v1/cases?state=refused".to_owned()),
        ("cases completed, root", "/v1/cases?state=completed".to_owned()),
        ("cases completed, leaf", format!("/v1/cases?area={leaf}&state=completed")),
        ("one case", format!("/v1/cases/{}", world.case(7919))),
    ] {
        let slow = name.contains("instant") || name.contains("event") || name.contains("day");
        let (timing, bytes) = load::read(service, &path, if slow { times / 5 } else { times }).await?;
        println!("| {name} | {bytes} | {:.1} | {:.1} |", timing.quantile(0.5), timing.quantile(0.95));
    }
    Ok(())
}

fn in_two_days() -> String {
    (Timestamp::now() + SignedDuration::from_hours(48)).to_string()
}
