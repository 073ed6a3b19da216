//! Sealed records: copies that a phone keeps for sending again and cannot read itself. ECDH on P-256 with a key that the phone makes
//! for each record, HKDF-SHA-256 without salt and info, AES-256-GCM with the nonce in front of the text and the record's id beside
//! it. Our key is derived from the master key, so it lies in no database and in no backup of one.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdh::diffie_hellman;
use p256::{PublicKey, SecretKey};
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use serde::Deserialize;

use super::digest::Keys;
use super::json;
use super::record::RecordKind;
use super::vault;

/// The key that opens sealed records.
#[derive(Clone)]
pub struct Seal {
    secret: SecretKey,
    public: String,
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seal").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Seal {
    /// The key of the first of these candidates that is one; of 2^32 candidates all but one are.
    pub(super) fn derived(candidate: impl Fn(u32) -> [u8; 32]) -> Self {
        let secret = (0..).find_map(|n| SecretKey::from_slice(&candidate(n)).ok());
        let secret = secret.expect("nearly every number of 256 bits is a key");
        let public = URL_SAFE_NO_PAD.encode(secret.public_key().to_sec1_bytes());
        Self { secret, public }
    }

    /// The public point, 65 bytes, base64url.
    pub fn public(&self) -> &str {
        &self.public
    }

    /// What was sealed under the phone's public point; none when anything about it is not as it was made.
    fn open(&self, theirs: &[u8], sealed: Vec<u8>, beside: &str) -> Option<String> {
        let theirs = PublicKey::from_sec1_bytes(theirs).ok()?;
        let shared = diffie_hellman(self.secret.to_nonzero_scalar(), theirs.as_affine());
        let salted = Salt::new(HKDF_SHA256, &[]).extract(shared.raw_secret_bytes());
        let key = UnboundKey::from(salted.expand(&[&[]], &AES_256_GCM).ok()?);
        vault::open(&LessSafeKey::new(key), sealed, beside.as_bytes())
    }
}

/// A record's text after the seal was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsealed {
    /// It was not sealed.
    Plain,
    /// What was in the box.
    Opened(String),
    /// The box cannot be opened, or holds something else than the record it names.
    Unreadable,
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    epk: Cow<'a, str>,
    #[serde(borrow, rename = "box")]
    content: Cow<'a, str>,
}

/// Opens a record's text where it is a sealed one.
pub fn unseal(text: &str, keys: &Keys) -> Unsealed {
    if json::label(text).1 != Some(RecordKind::Sealed.slug()) {
        return Unsealed::Plain;
    }
    opened(text, keys).map_or(Unsealed::Unreadable, Unsealed::Opened)
}

fn opened(text: &str, keys: &Keys) -> Option<String> {
    let record: Record<'_> = serde_json::from_str(text).ok()?;
    if record.key != keys.key_id() {
        return None;
    }
    let bytes = |field: &str| URL_SAFE_NO_PAD.decode(field).ok();
    let inner = keys.seal().open(&bytes(&record.epk)?, bytes(&record.content)?, &record.id)?;
    let (id, kind) = json::label(&inner);
    let is_same = id.and_then(json::read_uuid).is_some_and(|id| json::read_uuid(&record.id) == Some(id));
    (is_same && kind != Some(RecordKind::Sealed.slug())).then_some(inner)
}

/// A batch's text with what its sealed records hold in their place; `records` are parts of the text, in its order.
pub fn with_opened<'a>(text: &'a str, records: &[&str], opened: &[Unsealed]) -> Cow<'a, str> {
    if opened.iter().all(|one| !matches!(one, Unsealed::Opened(_))) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
    for (record, one) in records.iter().zip(opened) {
        let Unsealed::Opened(inner) = one else { continue };
        let start = record.as_ptr().addr() - text.as_ptr().addr();
        out.push_str(&text[copied..start]);
        out.push_str(inner);
        copied = start + record.len();
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record, and the same sealed by a browser's `WebCrypto` for the keys of the master key 7, 7, 7 …
    const PLAIN: &str = include_str!("sealed/plain.json");
    const SEALED: &str = include_str!("sealed/sealed.json");

    #[test]
    fn what_another_program_sealed_is_opened() {
        let keys = Keys::new(&[7; 32]);
        assert_eq!(unseal(SEALED, &keys), Unsealed::Opened(PLAIN.trim_end().to_owned()));
        assert_eq!(unseal(PLAIN, &keys), Unsealed::Plain);
    }

    #[test]
    fn a_box_that_was_touched_is_not_opened() {
        let keys = Keys::new(&[7; 32]);
        assert_eq!(unseal(SEALED, &Keys::new(&[8; 32])), Unsealed::Unreadable);
        let value: serde_json::Value = serde_json::from_str(SEALED).unwrap();
        for (field, other) in [
            ("id", "01900000-0000-7000-8000-000000000002"),
            ("key", "00000000"),
            ("epk", "AAAA"),
            ("box", "AAAA"),
            ("box", ""),
        ] {
            let mut touched = value.clone();
            touched[field] = other.into();
            assert_eq!(unseal(&touched.to_string(), &keys), Unsealed::Unreadable, "{field}");
        }
        for field in ["key", "epk", "box"] {
            let mut touched = value.clone();
            touched.as_object_mut().unwrap().remove(field);
            assert_eq!(unseal(&touched.to_string(), &keys), Unsealed::Unreadable, "without {field}");
        }
        let content = value["box"].as_str().unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(content).unwrap();
        for at in [0, 12, bytes.len() - 1] {
            bytes[at] ^= 1;
            let mut touched = value.clone();
            touched["box"] = URL_SAFE_NO_PAD.encode(&bytes).into();
            assert_eq!(unseal(&touched.to_string(), &keys), Unsealed::Unreadable, "byte {at}");
            bytes[at] ^= 1;
        }
    }

    #[test]
    fn only_the_sealed_records_of_a_batch_are_replaced() {
        let text = r#"{"records":[1, {"a":2} ,3]}"#;
        let records = [&text[12..13], &text[15..22], &text[24..25]];
        let opened = [Unsealed::Plain, Unsealed::Opened("{}".to_owned()), Unsealed::Unreadable];
        assert_eq!(with_opened(text, &records, &opened), r#"{"records":[1, {} ,3]}"#);
        assert_eq!(with_opened(text, &records, &[Unsealed::Plain; 0]), text);
    }
}
