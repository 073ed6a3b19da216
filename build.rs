//! Rebuilds the crate when a migration or a file of the pages is added or changed, and lists the files of the phone's page.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=schema");
    println!("cargo::rerun-if-changed=web");
    let variable = |name| std::env::var(name).map_err(std::io::Error::other);
    let web = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("web");
    let mut list = String::from("&[\n");
    for file in files(&["phone", "vendor", "app.css", "icon.svg"].map(|name| web.join(name)))? {
        let name = file.strip_prefix(&web).map_err(std::io::Error::other)?;
        // Writing to a String cannot fail.
        let _ = writeln!(
            list,
            "({:?}, include_bytes!({:?})),",
            name.display().to_string(),
            file.display().to_string()
        );
    }
    list.push_str("]\n");
    std::fs::write(Path::new(&variable("OUT_DIR")?).join("phone_files.rs"), list)
}

/// Every file at or below `roots`, in the order of their paths.
fn files(roots: &[PathBuf]) -> std::io::Result<Vec<PathBuf>> {
    let mut open = roots.to_vec();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                open.push(entry?.path());
            }
        } else if path.exists() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
