//! Imports a form beside a clock, on a thread of its own: whatever a file does to the converter, the caller goes on.
//!
//! A panic inside the converter is one more fault; its words, which may quote the form, are printed nowhere.

use std::collections::BTreeMap;
use std::sync::{Arc, Once, mpsc};
use std::time::Duration;

use super::fault::Fault;
use super::import::{Imported, Options, import, import_converted};
use super::model::FormModel;

/// Longest time that one file may take; the slowest of some 300 public ones took a quarter of a second.
const LONGEST: Duration = Duration::from_secs(10);
/// Room for the converter's recursion, bytes.
const STACK: usize = 64 << 20;
/// Name of the thread.
const THREAD: &str = "form-import";

/// A form as it was given, with what is known beside it; owned, so that it may outlive a caller who no longer waits.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The spreadsheet or `XForm`.
    pub bytes: Arc<[u8]>,
    /// The `XForm` that another converter made of the spreadsheet.
    pub converted: Option<String>,
    /// The version of a form that says none.
    pub default_version: String,
    /// Names of languages and their codes.
    pub languages: BTreeMap<String, String>,
    /// Names of the files given with it.
    pub files: Vec<String>,
    /// The version before this one.
    pub previous: Option<Arc<FormModel>>,
}

impl Given {
    /// Imports it; blocks for at most ten seconds.
    pub fn import(&self) -> Result<Imported, Vec<Fault>> {
        keep_quiet();
        let (sender, receiver) = mpsc::channel();
        let given = self.clone();
        let started =
            std::thread::Builder::new().name(THREAD.to_owned()).stack_size(STACK).spawn(move || {
                // Nobody waits for it any more when this fails.
                drop(sender.send(given.imported()));
            });
        let failed = |en: &str, zh: &str| Err(vec![Fault::new(en, zh)]);
        if started.is_err() {
            return failed("the form cannot be read now; try again", "现在无法读取表单，请重试");
        }
        match receiver.recv_timeout(LONGEST) {
            Ok(done) => done,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                failed("the form takes longer than 10 s to read", "读取表单超过 10 秒")
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                failed("the form cannot be converted", "表单无法转换")
            }
        }
    }

    fn imported(&self) -> Result<Imported, Vec<Fault>> {
        let options = Options {
            default_version: &self.default_version,
            fallback_id: None,
            languages: &self.languages,
            files: &self.files,
            previous: self.previous.as_deref(),
        };
        match &self.converted {
            Some(xform) => import_converted(&self.bytes, xform, &options),
            None => import(&self.bytes, &options),
        }
    }
}

/// Keeps panics of importing threads from whoever prints panics.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if std::thread::current().name() != Some(THREAD) {
                others(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_imported_with_its_default_version() {
        let file = include_bytes!("../../forms/door_found.xlsx");
        let given = Given { bytes: Arc::from(&file[..]), ..Given::default() };
        assert_eq!(given.import().unwrap().model.id, "door_found");
        let none = Given { bytes: Arc::from(&b"text"[..]), ..Given::default() };
        assert_eq!(none.import().unwrap_err().len(), 1);
    }
}
