//! Secrets people and phones get in by: enrolment codes and passwords. Pure but for the random source.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::surveys::Survey;

/// Letters of a code: no 0/O, 1/I/L, so that it can be read aloud. 31 letters carry 4.95 bits each.
const LETTERS: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Letters of one code: 12 carry 59 bits.
const LENGTH: usize = 12;

/// A new enrolment code in groups of four, such as `7KQM-2XHD-9PWA`.
pub fn new_code() -> String {
    let mut code = String::with_capacity(LENGTH + 2);
    for i in 0..LENGTH {
        if i > 0 && i % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(LETTERS[rand::random_range(0..LETTERS.len())]));
    }
    code
}

/// A code as it is compared: upper case, without the marks people put between groups.
pub fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// When tokens of a survey end: fourteen days after its last field day.
pub fn token_end(survey: &Survey) -> Timestamp {
    survey.closes_at() + SignedDuration::from_hours(24 * 14)
}

/// How long a one-time code may be used.
pub fn code_end(now: Timestamp) -> Timestamp {
    now.saturating_add(24.hours()).unwrap_or(now)
}

/// Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet).
fn argon() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19 * 1024, 2, 1, None).unwrap_or_default())
}

/// What is stored of a password: a PHC string.
pub fn hash_password(password: &str) -> Option<String> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).ok()?;
    argon().hash_password(password.as_bytes(), &salt).ok().map(|hash| hash.to_string())
}

/// A hash that fits no password, for users that do not exist.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$8nLb4v8fXJb0m3y0i8r2pWmWm2f1c2mC4v3o4m9x1eE";

/// Whether the password fits what is stored. Without a stored hash the same work is done and the answer is no.
pub fn is_password(stored: Option<&str>, password: &str) -> bool {
    let Ok(hash) = PasswordHash::new(stored.unwrap_or(NOBODY)) else {
        return false;
    };
    argon().verify_password(password.as_bytes(), &hash).is_ok() && stored.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_are_compared_without_their_marks() {
        let (a, b) = (new_code(), new_code());
        assert_ne!(a, b);
        assert_eq!(plain_code(&a.to_lowercase().replace('-', " ")), plain_code(&a));
        assert_eq!(plain_code(&a).len(), LENGTH);
    }

    /// Else an answer that comes at once would tell that there is no such user.
    #[test]
    fn users_that_do_not_exist_cost_the_same_work() {
        let (nobody, somebody) = (PasswordHash::new(NOBODY).unwrap(), hash_password("x").unwrap());
        let somebody = PasswordHash::new(&somebody).unwrap();
        assert_eq!(nobody.params.as_str(), somebody.params.as_str());
        assert_eq!((nobody.algorithm, nobody.version), (somebody.algorithm, somebody.version));
        assert_eq!(nobody.hash.map(|h| h.len()), somebody.hash.map(|h| h.len()));
    }

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let stored = hash_password("敲门 2020").unwrap();
        assert!(is_password(Some(&stored), "敲门 2020"));
        assert!(!is_password(Some(&stored), "敲门 2021"));
        assert!(!is_password(None, "敲门 2020"));
        assert!(!stored.contains("2020"));
    }
}
