//! A disk that really fills up: the data directory lies on a small file system in memory, and a file takes what is left of
//! it. Mounting one needs root; elsewhere these say so and end, and `refusals` alone stands for a full disk.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::house::{House, How, Scratch};
use super::{Runs, a_moment};

/// Enough for a new cluster, its log and some room below which uploads are refused.
const SIZE: &str = "size=320m,mode=755";

/// A small file system; unmounted when dropped.
struct Small(PathBuf);

impl Small {
    /// `None` where nothing may be mounted.
    fn mount(at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "doorknock-test"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }

    fn free(&self) -> u64 {
        let stat = rustix::fs::statvfs(&self.0).expect("it is mounted");
        stat.f_bavail * stat.f_frsize
    }

    /// Takes all but `leave` bytes; nothing when there is less.
    fn fill(&self, leave: u64) {
        let mut file = File::create(self.0.join("filler")).expect("a name needs no room");
        let chunk = vec![0_u8; 64 << 10];
        while self.free() > leave {
            if file.write_all(&chunk).is_err() {
                break;
            }
        }
    }

    fn free_up(&self) {
        drop(std::fs::remove_file(self.0.join("filler")));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: a process that is still ending may have a file open.
        drop(Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status());
    }
}

/// Runs the fault with a service that refuses uploads below `min_free` MiB, the disk filled to `leave` bytes meanwhile.
async fn filled(name: &'static str, min_free: &str, leave: u64, longest_ms: u64) {
    let scratch = Scratch::new();
    // Dropped after the house, whose service ends first.
    let Some(small) = Small::mount(&scratch.0.join("data")) else {
        println!("left out: no file system may be mounted here");
        return;
    };
    let how = How { serve: vec!["--min-free".to_owned(), min_free.to_owned()], ..How::default() };
    let mut house = House::with(scratch, how).await;
    let runs = Runs::of(name);
    for mut dice in runs.each() {
        house
            .under(&mut dice, async |_, dice| {
                small.fill(leave);
                a_moment(dice, longest_ms).await;
                small.free_up();
            })
            .await;
        house.holds().await;
    }
    runs.went_well(house.told.len());
    drop(house);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_is_full_for_a_while() {
    filled("the_disk_is_full_for_a_while", "0", 0, 800).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_disk_is_nearly_full_for_a_while() {
    filled("the_disk_is_nearly_full_for_a_while", "48", 24 << 20, 800).await;
}
