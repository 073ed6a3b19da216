//! Reading interviews from JSON lines or CSV, plain or gzipped. Messages name file and line and never quote
//! what stands there.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context as _, bail};
use flate2::read::MultiGzDecoder;

use super::read_csv;
use crate::link::Interview;

/// Longest line taken, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// Reads all interviews of a file; the same id twice is refused.
pub fn interviews(path: &Path, columns: Option<&Path>) -> anyhow::Result<Vec<Interview>> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let input = open(path)?;
    let found = if has_ending(plain, "csv") {
        read_csv::read(input, path, columns)?
    } else if has_ending(plain, "jsonl") || has_ending(plain, "ndjson") || has_ending(plain, "json") {
        if columns.is_some() {
            bail!("--columns is for CSV files");
        }
        json_lines(input, path)?
    } else {
        bail!("{}: expected a .jsonl or .csv file, plain or .gz", path.display());
    };
    refuse_repeats(&found, path)?;
    Ok(found)
}

fn has_ending(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e.eq_ignore_ascii_case(ending))
}

/// Opens a file, unpacking it when it begins as gzip does, whatever it is called.
fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut input = BufReader::with_capacity(1 << 16, file);
    let packed = input
        .fill_buf()
        .with_context(|| format!("cannot read {}", path.display()))?
        .starts_with(&[0x1f, 0x8b]);
    if packed {
        Ok(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(input))))
    } else {
        Ok(Box::new(input))
    }
}

fn json_lines(mut input: Box<dyn BufRead>, path: &Path) -> anyhow::Result<Vec<Interview>> {
    let mut found = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let place = || format!("{} line {number}", path.display());
        let taken =
            (&mut input).take(LONGEST_LINE as u64).read_until(b'\n', &mut line).with_context(place)?;
        if taken == 0 {
            break;
        }
        if taken == LONGEST_LINE && !line.ends_with(b"\n") {
            bail!("{}: longer than {LONGEST_LINE} bytes", place());
        }
        let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match serde_json::from_slice(text) {
            Ok(interview) => found.push(interview),
            Err(e) => bail!("{}: {} at column {}", place(), what_is_wrong(&e), e.column()),
        }
    }
    Ok(found)
}

/// The kind of fault; the library's own message would quote the value.
fn what_is_wrong(e: &serde_json::Error) -> &'static str {
    match e.classify() {
        serde_json::error::Category::Data => "not an interview (a field is missing or of another type)",
        serde_json::error::Category::Eof => "cut off",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
    }
}

fn refuse_repeats(found: &[Interview], path: &Path) -> anyhow::Result<()> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for (n, interview) in found.iter().enumerate() {
        if let Some(before) = seen.insert(&interview.interview_id, n) {
            bail!("{}: records {} and {} have the same interview_id", path.display(), before + 1, n + 1);
        }
    }
    Ok(())
}
