//! Texts sealed with AES-256-GCM: the nonce in front, what belongs to the text beside it. Says nothing about where keys come from.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

/// The text sealed under a key of 32 bytes; `beside` has to be the same when it is opened.
pub fn sealed(key: &[u8; 32], text: &str, beside: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = rand::random();
    let mut body = text.as_bytes().to_vec();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("a key of 32 bytes"));
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(beside), &mut body)
        .expect("a text in memory is short enough");
    [nonce.as_slice(), &body].concat()
}

/// What was sealed under the key of 32 bytes; nothing when anything differs.
pub fn opened(key: &[u8; 32], sealed: Vec<u8>, beside: &[u8]) -> Option<String> {
    open(&LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?), sealed, beside)
}

/// The same under a key of any making.
pub(super) fn open(key: &LessSafeKey, mut sealed: Vec<u8>, beside: &[u8]) -> Option<String> {
    let (nonce, text) = sealed.split_at_mut_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let open = key.open_in_place(nonce, Aad::from(beside), text).ok()?;
    String::from_utf8(open.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_and_companion_only() {
        let bytes = sealed(&[1; 32], "狗在院里", b"card");
        assert_eq!(opened(&[1; 32], bytes.clone(), b"card").as_deref(), Some("狗在院里"));
        assert_eq!(opened(&[2; 32], bytes.clone(), b"card"), None);
        assert_eq!(opened(&[1; 32], bytes.clone(), b"other"), None);
        assert_ne!(sealed(&[1; 32], "狗在院里", b"card"), bytes, "each time with a nonce of its own");
        assert_eq!(opened(&[1; 32], bytes[..10].to_vec(), b"card"), None);
    }
}
