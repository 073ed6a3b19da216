//! The part about ODK Collect: filled-in forms, one a request, against batches of one record; what an idle phone costs; a thousand
//! phones that look at once.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use uuid::Uuid;

use crate::figures::{Timing, Verdict, quantile};
use crate::house::{House, Service};
use crate::load::{self, Shift, shifts};
use crate::options::Options;
use crate::records::{Maker, Mix, Walk};
use crate::wire::Line;
use crate::world::{ENUMERATORS, World};

const CONNECTIONS: usize = 4;
/// Phones that look at once.
const PHONES: usize = 1_000;
/// Kilobytes that an idle phone's look may take.
const IDLE_KB: f64 = 5.0;
/// Submissions per second over one-record batches per second.
const LEAST: f64 = 0.8;
/// A visit; a form that is offered to Collect.
const FORM: &str = "<?xml version=\"1.0\"?><h:html xmlns:h=\"http://www.w3.org/1999/xhtml\" xmlns=\"http://www.w3.org/2002/xforms\" \
    xmlns:dk=\"urn:doorknock:xforms\"><h:head><h:title>Knock</h:title><model><instance><data id=\"knock\" version=\"1\"><start/><door/>\
    <outcome/><meta><instanceID/></meta></data></instance><bind nodeset=\"/data/start\" type=\"dateTime\" dk:field=\"visit.at\"/>\
    <bind nodeset=\"/data/door\" type=\"string\" dk:field=\"case\"/><bind nodeset=\"/data/outcome\" type=\"string\" \
    dk:field=\"visit.outcome\"/><bind nodeset=\"/data/meta/instanceID\" type=\"string\"/></model></h:head><h:body>\
    <input ref=\"/data/start\"><label>start</label></input><input ref=\"/data/door\"><label>door</label></input>\
    <select1 ref=\"/data/outcome\"><label>outcome</label><item><label>nobody</label><value>no_answer</value></item></select1>\
    </h:body></h:html>";

/// Measures and judges the face for Collect.
pub async fn run(house: &House, options: &Options, verdict: &mut Verdict) -> Result<()> {
    let world = World::new(if options.quick { 10_000 } else { 50_000 }, Timestamp::now());
    let (service, _) = house.serve("collect", &world).await?;
    println!("\nODK Collect, a survey of {} doors", world.doors);
    let file = house.path("knock.xml");
    std::fs::write(&file, FORM)?;
    let file = file.display().to_string();
    service.run(&["form", "add", &file, "--publish", "--role", "visit", "--collect", "true"])?;
    let keys: Vec<String> = (0..ENUMERATORS).map(|n| key(&service, n)).collect::<Result<_>>()?;
    let mut makers = Maker::all(&world, &service.tokens, options.seed, Walk::Along);
    let each = if options.quick { 150 } else { 600 };
    // Warm.
    load::send(&service, &shifts(&mut makers, CONNECTIONS, 100, 1, Mix::Visits)?).await?;
    submit(&service, &keys, &forms(&world, 25, usize::MAX)).await?;
    let mut ratios = Vec::new();
    for round in 0..options.rounds {
        let work: Vec<Shift> = shifts(&mut makers, CONNECTIONS, each * CONNECTIONS, 1, Mix::Visits)?;
        service.at_rest().await?;
        let batches = load::send(&service, &work).await?.timing;
        service.at_rest().await?;
        let collect = submit(&service, &keys, &forms(&world, each, round)).await?;
        for (what, timing) in [("batches of one record", &batches), ("forms of Collect", &collect)] {
            println!(
                "  {CONNECTIONS} connections: {what:<22} {:>7.0}/s   p50 {:>6.2} ms   p99 {:>7.2} ms",
                timing.rate(),
                timing.quantile(0.5),
                timing.quantile(0.99)
            );
        }
        ratios.push(collect.rate() / batches.rate().max(1e-9));
    }
    verdict.at_least("forms of Collect over batches of one record", &ratios, LEAST);
    idle(&service, &keys, verdict).await?;
    service.recount()?;
    service.stop()
}

/// The key of a new Collect phone of an enumerator.
fn key(service: &Service, enumerator: usize) -> Result<String> {
    let said = service.run(&["odk-code", &format!("e{enumerator:02}"), "--url", "http://127.0.0.1"])?;
    let base = said.lines().next().context("no address")?;
    Ok(base.rsplit('/').next().context("no key")?.to_owned())
}

/// Forms for each connection: a knock at the next doors of an enumerator.
fn forms(world: &World, each: usize, round: usize) -> Vec<Vec<Bytes>> {
    let now = Timestamp::now();
    let form = |enumerator: usize, n: usize| {
        let (first, doors) = world.doors_of(enumerator);
        let case = world.case(first + (round.wrapping_mul(each) + n) % doors);
        Bytes::from(format!(
            "--xYz\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"s.xml\"\r\nContent-Type: text/xml\r\n\r\n\
             <data id=\"knock\" version=\"1\"><start>{now}</start><door>{case}</door><outcome>no_answer</outcome><meta><instanceID>uuid:{}\
             </instanceID></meta></data>\r\n--xYz--\r\n",
            Uuid::new_v4()
        ))
    };
    (0..CONNECTIONS).map(|c| (0..each).map(|n| form(c, n)).collect()).collect()
}

fn head() -> HeaderMap {
    let pairs = [("content-type", "multipart/form-data; boundary=xYz"), ("x-openrosa-version", "1.0")];
    pairs
        .into_iter()
        .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
        .collect()
}

async fn submit(service: &Service, keys: &[String], forms: &[Vec<Bytes>]) -> Result<Timing> {
    let gate = Arc::new(tokio::sync::Barrier::new(forms.len() + 1));
    let mut tasks = Vec::new();
    for (bodies, key) in forms.iter().cloned().zip(keys.iter().cloned()) {
        let mut line = Line::open(service.address, "").await?;
        let gate = Arc::clone(&gate);
        tasks.push(tokio::spawn(async move {
            let (path, mut latencies) = (format!("/odk/{key}/submission"), Vec::new());
            gate.wait().await;
            for body in bodies {
                let sent = Instant::now();
                let (status, answer) = line.call(Method::POST, &path, &head(), body).await?;
                ensure!(status == StatusCode::CREATED, "{status}: {}", String::from_utf8_lossy(&answer));
                latencies.push(sent.elapsed().as_secs_f64() * 1000.0);
            }
            anyhow::Ok(latencies)
        }));
    }
    gate.wait().await;
    let began = Instant::now();
    let mut timing = Timing::default();
    for task in tasks {
        let latencies = task.await??;
        timing.add(latencies.len(), latencies);
    }
    timing.took = began.elapsed();
    Ok(timing)
}

/// What a phone asks for every quarter of an hour: the list of forms, and of each form the list of its files.
async fn look(line: &mut Line, key: &str) -> Result<usize> {
    let (status, list) =
        line.call(Method::GET, &format!("/odk/{key}/formList"), &HeaderMap::new(), Bytes::new()).await?;
    ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&list));
    let mut bytes = list.len();
    let text = String::from_utf8_lossy(&list).into_owned();
    for address in text.split("<manifestUrl>").skip(1).filter_map(|rest| rest.split("</").next()) {
        let path =
            address.split_once("/odk/").map(|(_, path)| format!("/odk/{path}")).context("no address")?;
        let (status, manifest) = line.call(Method::GET, &path, &HeaderMap::new(), Bytes::new()).await?;
        ensure!(status == StatusCode::OK, "{path}: {status}");
        bytes += manifest.len();
    }
    Ok(bytes)
}

async fn idle(service: &Service, keys: &[String], verdict: &mut Verdict) -> Result<()> {
    let mut line = Line::open(service.address, "").await?;
    look(&mut line, &keys[0]).await?;
    let began = Instant::now();
    let bytes = look(&mut line, &keys[0]).await?;
    println!("an idle phone's look: {bytes} bytes, {:.1} ms", began.elapsed().as_secs_f64() * 1000.0);
    verdict.at_most(
        "kilobytes of an idle phone's look",
        &[f64::from(u32::try_from(bytes)?) / 1000.0],
        IDLE_KB,
    );
    // Every phone has a key of its own: one key may not ask for much at once.
    let keys: Vec<String> = (0..PHONES).map(|n| key(service, n % ENUMERATORS)).collect::<Result<_>>()?;
    let mut tasks = Vec::new();
    let before = service.cpu()?;
    let began = Instant::now();
    for key in keys {
        let address = service.address;
        tasks.push(tokio::spawn(async move {
            let asked = Instant::now();
            let mut line = Line::open(address, "").await?;
            look(&mut line, &key).await?;
            anyhow::Ok(asked.elapsed().as_secs_f64() * 1000.0)
        }));
    }
    let (mut took, mut refused) = (Vec::new(), 0);
    for task in tasks {
        match task.await? {
            Ok(ms) => took.push(ms),
            Err(_) => refused += 1,
        }
    }
    println!(
        "{PHONES} phones look at once: {:.1} s in all, {refused} told to come again, p50 {:.0} ms, p99 {:.0} ms, processor {:.2} s, memory {:.0} MiB",
        began.elapsed().as_secs_f64(),
        quantile(&took, 0.5),
        quantile(&took, 0.99),
        service.cpu()? - before,
        service.memory("VmHWM")?
    );
    Ok(())
}
