//! `doorknock simulate`: writes the batches of a rehearsal, the devices to enrol for it and, if asked, a set-up moved to
//! these days. The only place of the rehearsal that reads a clock or writes files.

use super::whole::{self, For, Old};
use crate::rehearsal::{self, Batch, Options, Rehearsal, community, redate};
use crate::setup::{self, Accepted, Directory, Files, Memory, Setup};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Rehearsed days unless told otherwise: from the first day of a re-dated survey up to yesterday, and today so far.
const DAYS: u16 = 8;

/// What `doorknock simulate` is told.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Directory of the set-up to rehearse
    #[arg(long, value_name = "DIR", required_unless_present = "community", conflicts_with = "community")]
    pub setup: Option<PathBuf>,
    /// Rehearse the invented community of Yongxin Road instead of a set-up of your own
    #[arg(long)]
    pub community: bool,
    /// What `doorknock setup` asks by that name is right as it stands; may be given several times
    #[arg(long, value_name = "NAME")]
    pub accept: Vec<String>,
    /// Days of field work, from the survey's first day on
    #[arg(long, value_name = "N", default_value_t = DAYS)]
    pub days: u16,
    /// Number that decides everything left to chance
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Directory for the batch files and devices.json
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Moment up to which the rehearsal goes [default: now]
    #[arg(long, value_name = "RFC3339")]
    pub now: Option<Timestamp>,
    /// Write the set-up there, moved so that it began a week ago and ends in a week
    #[arg(long, value_name = "DIR")]
    pub setup_out: Option<PathBuf>,
    /// Compress the batch files (.json.gz)
    #[arg(long)]
    pub gzip: bool,
}

/// Runs the command; what was written is said in one line on standard output.
pub fn run(args: &SimulateArgs) -> Result<()> {
    let files: Box<dyn Files> = match &args.setup {
        Some(directory) => {
            ensure!(directory.is_dir(), "{}: there is no such directory", directory.display());
            Box::new(Directory(directory.clone()))
        }
        None => Box::new(community::files(args.seed)),
    };
    let answers = Accepted::of(args.accept.iter().map(String::as_str));
    let mut setup = setup::examine(&*files, &mut |_| {}).answered(&answers)?;
    let now = args.now.unwrap_or_else(Timestamp::now);
    if let Some(to) = &args.setup_out {
        let from = args.setup.as_deref();
        ensure!(
            from.is_none_or(|from| !same_place(from, to)),
            "--setup-out: would overwrite the set-up it is made from"
        );
        setup.survey = write_moved(&*files, &setup, now, to)?;
        if let Some(forms) = from.map(|from| from.join("forms")).filter(|forms| forms.is_dir()) {
            copy(&forms, &to.join("forms"))?;
        }
    }
    ensure!(
        !rehearsal::devices(&setup).is_empty(),
        "staff.csv: nobody is an enumerator, so nobody can rehearse"
    );
    let starts = setup.survey.starts_on;
    if setup.survey.zone().to_timestamp(starts.at(0, 0, 0, 0))? >= now {
        bail!(
            "survey.toml: starts_on: \"{starts}\": not begun yet; --setup-out DIR rehearses it as if it had begun a week ago"
        );
    }
    let (batches, records) = write_batches(args, &setup, now)?;
    let said = format!("{batches} batches with {records} records in {}\n", args.out.display());
    io::stdout().write_all(said.as_bytes()).context("standard output")
}

/// Whether two paths lead to one directory.
fn same_place(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// Writes the moved set-up to `to`; the survey as it is there.
fn write_moved(files: &dyn Files, setup: &Setup, now: Timestamp, to: &Path) -> Result<setup::SurveySetup> {
    let mut copy = Memory::default();
    for name in setup::FILES {
        let mut bytes = Vec::new();
        let actual = setup::file_of(files, name)?.unwrap_or_else(|| name.to_owned());
        let Some(mut opened) = files.open(&actual)? else { bail!("{name}: the file is missing") };
        opened.bytes.read_to_end(&mut bytes).context(name)?;
        copy.put(name, bytes);
    }
    for name in files.forms()? {
        let mut bytes = Vec::new();
        let Some(mut opened) = files.open(&name)? else { bail!("{name}: the file is missing") };
        opened.bytes.read_to_end(&mut bytes).with_context(|| name.clone())?;
        copy.put(&name, bytes);
    }
    let text = setup::survey_text(files).context(setup::SURVEY_FILE)?;
    let (survey, text) = redate::redate(&setup.survey, &text, now);
    copy.put(setup::SURVEY_FILE, text);
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for (name, bytes) in &copy.0 {
        let path = to.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        whole::write(&path, For::Anyone, Old::Replaced, bytes)?;
    }
    Ok(survey)
}

/// Copies a directory with all that is in it: the questionnaires, which know no dates.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let from = entry?.path();
        let to = to.join(from.file_name().unwrap_or_default());
        if from.is_dir() {
            copy(&from, &to)?;
        } else {
            whole::write(&to, For::Anyone, Old::Replaced, &fs::read(&from)?)?;
        }
    }
    Ok(())
}

/// Writes all batches and the list of devices; how many batches and records there were.
fn write_batches(args: &SimulateArgs, setup: &Setup, now: Timestamp) -> Result<(usize, usize)> {
    let out = &args.out;
    fs::create_dir_all(out).with_context(|| out.display().to_string())?;
    let options = Options { seed: args.seed, days: args.days, until: now };
    let (mut batches, mut records) = (0, 0);
    for batch in Rehearsal::new(setup, &options) {
        batches += 1;
        records += batch.document.records.len();
        write_batch(args, &batch)?;
    }
    let path = out.join("devices.json");
    let mut devices = serde_json::to_vec_pretty(&rehearsal::devices(setup))?;
    devices.push(b'\n');
    whole::write(&path, For::Anyone, Old::Replaced, &devices)?;
    Ok((batches, records))
}

fn write_batch(args: &SimulateArgs, batch: &Batch) -> Result<()> {
    let mut name = batch.file_name();
    let mut bytes = serde_json::to_vec(&*batch.document)?;
    if args.gzip {
        name += ".gz";
        // No time and no file name inside, so that the same batch gives the same bytes.
        let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
        packed.write_all(&bytes)?;
        bytes = packed.finish()?;
    }
    let path = args.out.join(name);
    whole::write(&path, For::Anyone, Old::Replaced, &bytes)
}
