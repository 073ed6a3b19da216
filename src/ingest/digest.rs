//! Keyed digests: of citizen IDs, so that equal ones can be found without keeping any, and of contents, so that the same
//! record sent again is known again.
//!
//! Every digest is HMAC-SHA-256 under a key of its own, derived from one master key that is kept outside the database:
//! a bare hash of an ID, or of a record that holds one, could be undone by trying all numbers. Contents are compared as
//! values: neither the order of keys nor white space nor the spelling of a number, a string or a UUID makes a difference. A
//! field that was sent empty is another content than one that was not sent, though both mean the same.

mod canonical;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

use super::json::Json;
use super::sealed::Seal;
use crate::domain::citizen_id::CitizenId;
use crate::domain::ids::DeviceId;

/// The digest of a citizen ID.
pub type IdDigest = [u8; 32];
/// The digest of a record or a batch, by its content.
pub type ContentDigest = [u8; 16];

/// The keys of one installation, derived from the 32 bytes of its master key.
#[derive(Clone)]
pub struct Keys {
    ids: Hmac<Sha256>,
    contents: Hmac<Sha256>,
    browsers: Hmac<Sha256>,
    stand_ins: Hmac<Sha256>,
    cursors: Hmac<Sha256>,
    seal: Seal,
    cards: Hmac<Sha256>,
    pending: [u8; 32],
    key_id: String,
    check: [u8; 32],
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Keys {
    /// Derives the keys; equal masters give equal keys on every machine.
    pub fn new(master: &[u8; 32]) -> Self {
        let derive = |label: &str| finish(keyed(master).chain_update(label.as_bytes()));
        let [a, b, c, d, ..] = derive("doorknock key id");
        let key_id = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
        Self {
            ids: keyed(&derive("doorknock citizen id")),
            contents: keyed(&derive("doorknock content")),
            browsers: keyed(&derive("doorknock known browser")),
            stand_ins: keyed(&derive("doorknock stand-in id")),
            cursors: keyed(&derive("doorknock cursor")),
            cards: keyed(&derive("doorknock card")),
            pending: derive("doorknock pending answer"),
            seal: Seal::derived(|n| derive(&format!("doorknock seal {n}"))),
            key_id,
            check: derive("doorknock key check"),
        }
    }

    /// A value by which a database knows its key again: the HMAC of a constant, which tells nothing of the key.
    pub fn check(&self) -> [u8; 32] {
        self.check
    }

    /// Eight hexadecimal characters that name the master key without telling anything of it. They stand beside every stored
    /// digest; only digests under one key may be compared.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The digest of a checked citizen ID.
    pub fn id_digest(&self, id: &CitizenId) -> IdDigest {
        finish(self.ids.clone().chain_update(id.reveal().as_bytes()))
    }

    /// The digest of a record's content, everything in it included.
    pub fn content_digest(&self, record: &Json<'_>) -> ContentDigest {
        let mut bytes = Vec::with_capacity(1024);
        bytes.push(b'v');
        canonical::write(record, &mut bytes);
        self.content(&bytes)
    }

    /// The digest of a record that is no JSON, by its bytes. Never equal to a [`Keys::content_digest`].
    pub fn text_digest(&self, record: &str) -> ContentDigest {
        let mut bytes = vec![b't'];
        bytes.extend_from_slice(record.as_bytes());
        self.content(&bytes)
    }

    /// The digest of a batch: survey, device and the digests of its records in the order sent. The time it was sent and the
    /// number of records still waiting belong to one try and are not in it.
    pub fn batch_digest(&self, survey: &str, device: DeviceId, records: &[ContentDigest]) -> ContentDigest {
        let mut bytes = vec![b'b'];
        bytes.extend_from_slice(device.0.as_bytes());
        bytes.extend_from_slice(&(records.len() as u64).to_le_bytes());
        bytes.extend(records.iter().flatten());
        bytes.extend_from_slice(survey.as_bytes());
        self.content(&bytes)
    }

    /// What proves that a mark was given to a browser from which `user` signed in.
    pub fn browser_proof(&self, mark: &[u8], user: &str) -> [u8; 16] {
        half(finish(self.browsers.clone().chain_update(mark).chain_update(user.as_bytes())))
    }

    /// What proves a PIN under the code of a card, of which the hash is given.
    pub fn pin_digest(&self, code: &[u8], pin: &str) -> [u8; 16] {
        half(finish(self.cards.clone().chain_update(b"pin").chain_update(code).chain_update(pin.as_bytes())))
    }

    /// What proves that a page's answers so far were written by this service, under the hash of a card's code.
    pub fn page_proof(&self, code: &[u8], text: &str) -> [u8; 16] {
        half(finish(
            self.cards.clone().chain_update(b"page").chain_update(code).chain_update(text.as_bytes()),
        ))
    }

    /// An id of something that comes of a card, by the hash of its code and what it is. Of version 8, as made ids are.
    pub fn card_id(&self, code: &[u8], what: &str) -> Uuid {
        let whole = self.cards.clone().chain_update(b"id").chain_update(code).chain_update(what.as_bytes());
        made_id(half(finish(whole)))
    }

    /// The key that seals answers which wait for their card.
    pub fn pending_key(&self) -> &[u8; 32] {
        &self.pending
    }

    /// The key that opens sealed records.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// What proves that this service made a cursor of the feed.
    pub fn cursor_proof(&self, cursor: &[u8]) -> [u8; 16] {
        half(finish(self.cursors.clone().chain_update(cursor)))
    }

    /// The id under which something of `owner` (a user or a device) is stored where the id it was sent with is somebody else's. The
    /// same for both always gives the same; nobody without the key can make one. Of version 8, as made ids are.
    pub fn stand_in(&self, id: Uuid, owner: &str) -> Uuid {
        let whole = finish(self.stand_ins.clone().chain_update(id.as_bytes()).chain_update(owner.as_bytes()));
        made_id(half(whole))
    }

    fn content(&self, bytes: &[u8]) -> ContentDigest {
        half(finish(self.contents.clone().chain_update(bytes)))
    }
}

/// An id of version 8 of these bytes.
fn made_id(bytes: [u8; 16]) -> Uuid {
    let builder = uuid::Builder::from_bytes(bytes);
    builder.with_variant(uuid::Variant::RFC4122).with_version(uuid::Version::Custom).into_uuid()
}

/// The first half of a digest.
fn half(whole: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes a key of any length")
}

fn finish(mac: Hmac<Sha256>) -> [u8; 32] {
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests;
