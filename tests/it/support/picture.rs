//! What a device holds after pulling: built as a phone builds it, page by page.

use std::collections::BTreeMap;

use serde_json::Value;

use super::app::Device;

/// Things by kind and id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Cases, doors, assignments, the survey.
    pub things: BTreeMap<(String, String), Value>,
    /// Receipts of held records, as they came.
    pub receipts: Vec<Value>,
    /// Where the device stands.
    pub cursor: Option<String>,
    /// Changes taken since the picture was begun.
    pub taken: usize,
    /// Pages taken since the picture was begun.
    pub pages: usize,
}

impl Picture {
    /// Everything, pulled anew with this page size.
    pub async fn full(phone: &Device, limit: usize) -> Self {
        let mut picture = Self::default();
        picture.pull(phone, limit).await;
        picture
    }

    /// Pulls until nothing more is there.
    pub async fn pull(&mut self, phone: &Device, limit: usize) {
        while self.page(phone, limit, "").await {}
    }

    /// Pulls one page; whether more is there.
    pub async fn page(&mut self, phone: &Device, limit: usize, extra: &str) -> bool {
        let cursor = self.cursor.as_ref().map(|c| format!("&cursor={c}")).unwrap_or_default();
        let page = phone.get(&format!("/v1/changes?limit={limit}{cursor}{extra}")).await;
        let changes = page["changes"].as_array().expect("a page has changes");
        if page["reset"] == true {
            // A full pull begins: what does not come again is forgotten.
            self.things.clear();
            self.receipts.clear();
        }
        assert!(changes.len() <= limit, "a page of {} for a limit of {limit}", changes.len());
        for change in changes {
            self.take(change);
        }
        self.pages += 1;
        self.cursor = Some(page["cursor"].as_str().expect("a page has a cursor").to_owned());
        page["more"].as_bool().expect("a page says whether more is there")
    }

    fn take(&mut self, change: &Value) {
        let (kind, data) = (change["kind"].as_str().expect("a kind").to_owned(), change["data"].clone());
        let id = data["id"].as_str().expect("an id").to_owned();
        self.taken += 1;
        if kind == "receipt" {
            self.receipts.push(data);
        } else if change["op"] == "put" {
            self.things.insert((kind, id), data);
        } else {
            assert_eq!(change["op"], "drop");
            self.things.remove(&(kind, id));
        }
    }

    /// How many of a kind.
    pub fn count(&self, kind: &str) -> usize {
        self.things.keys().filter(|(k, _)| k == kind).count()
    }

    /// A thing by its kind and id.
    pub fn get(&self, kind: &str, id: impl ToString) -> Option<&Value> {
        self.things.get(&(kind.to_owned(), id.to_string()))
    }

    /// Fails with the first thing that differs.
    #[track_caller]
    pub fn assert_equals(&self, other: &Self, what: &str) {
        for key in self.things.keys().chain(other.things.keys()) {
            assert_eq!(self.things.get(key), other.things.get(key), "{what}: {key:?}");
        }
    }
}
