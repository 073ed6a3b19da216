//! Browsers that somebody has signed in from before: their wrong tries are counted apart, so that whoever guesses beside them
//! keeps nobody out.
//!
//! The cookie lets nobody in. It holds marks of the last few users who signed in from the browser, each a random number under a
//! key derived from the key file and bound to the user's name; none tells the name. Every sign-in replaces the user's mark.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use jiff::Timestamp;
use uuid::Uuid;

use super::auth;
use crate::domain::UserName;
use crate::ingest::digest::Keys;
use crate::net::problem::Problem;
use crate::net::request::Request;

/// Name of the cookie.
const NAME: &str = "doorknock_known";
/// Users one browser is known for: those who share an office's machine.
const MOST: usize = 4;
/// How long a browser is known after the last sign-in: 90 days, in seconds.
const LIFE: u32 = 90 * 24 * 3600;
/// Bytes of a mark: its number, when it was made, what proves it.
const LENGTH: usize = 16 + 8 + 16;

/// The number under which the browser is known for `user`, if it is.
pub fn browser_of(keys: &Keys, request: &Request, user: &UserName, now: Timestamp) -> Option<Uuid> {
    marks(request).find(|mark| is_of(keys, mark, user, now)).map(|mark| number(&mark))
}

/// The cookie of a browser from which `user` has just signed in.
pub fn remembered(
    keys: &Keys,
    request: &Request,
    user: &UserName,
    now: Timestamp,
) -> Result<HeaderValue, Problem> {
    let others = marks(request).filter(|mark| !is_of(keys, mark, user, now));
    let all: Vec<String> = std::iter::once(new_mark(keys, user, now))
        .chain(others)
        .take(MOST)
        .map(|mark| URL_SAFE_NO_PAD.encode(mark))
        .collect();
    auth::cookie(NAME, &all.join("."), Some(LIFE), request.connection.carriage)
}

type Mark = [u8; LENGTH];

/// The marks of the request's cookie, not judged yet.
fn marks(request: &Request) -> impl Iterator<Item = Mark> {
    let text = request.cookie(NAME).unwrap_or_default();
    text.split('.').take(MOST).filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok()?.try_into().ok())
}

fn new_mark(keys: &Keys, user: &UserName, now: Timestamp) -> Mark {
    let mut mark = [0; LENGTH];
    mark[..16].copy_from_slice(&rand::random::<[u8; 16]>());
    mark[16..24].copy_from_slice(&now.as_second().to_be_bytes());
    let proof = keys.browser_proof(&mark[..24], user.key());
    mark[24..].copy_from_slice(&proof);
    mark
}

fn is_of(keys: &Keys, mark: &Mark, user: &UserName, now: Timestamp) -> bool {
    let mut made_at = [0; 8];
    made_at.copy_from_slice(&mark[16..24]);
    let age = now.as_second().saturating_sub(i64::from_be_bytes(made_at));
    let proof = keys.browser_proof(&mark[..24], user.key());
    let differs = proof.iter().zip(&mark[24..]).fold(0, |all, (a, b)| all | (a ^ b));
    differs == 0 && age <= i64::from(LIFE)
}

fn number(mark: &Mark) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&mark[..16]);
    Uuid::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::request::tests::request;

    fn now() -> Timestamp {
        "2020-11-10T04:00:00Z".parse().unwrap()
    }

    fn name(user: &str) -> UserName {
        UserName::of(user)
    }

    fn keys() -> Keys {
        Keys::new(&[7; 32])
    }

    /// The browser after it has taken the cookie.
    fn browser(cookie: &HeaderValue) -> Request {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        request(&[("cookie", &pair)])
    }

    #[test]
    fn a_browser_is_known_for_the_user_who_signed_in_from_it_and_for_nobody_else() {
        let cookie = remembered(&keys(), &request(&[]), &name("sa"), now()).unwrap();
        let text = cookie.to_str().unwrap();
        assert!(
            text.contains("HttpOnly") && text.contains("SameSite") && text.contains("Max-Age=7776000"),
            "{text}"
        );
        assert!(!text.contains("sa.") && !text.contains("Secure"), "{text}");
        let it = browser(&cookie);
        assert!(browser_of(&keys(), &it, &name("sa"), now()).is_some());
        assert!(browser_of(&keys(), &it, &name(" SA "), now()).is_some(), "one user, however written");
        assert_eq!(browser_of(&keys(), &it, &name("sb"), now()), None);
        assert_eq!(browser_of(&Keys::new(&[8; 32]), &it, &name("sa"), now()), None);
        assert_eq!(browser_of(&keys(), &request(&[]), &name("sa"), now()), None);
    }

    #[test]
    fn each_sign_in_makes_a_new_mark_and_keeps_those_of_the_others() {
        let mut it = request(&[]);
        let mut numbers = Vec::new();
        for user in ["sa", "sb", "sa", "sc", "sd", "se"] {
            it = browser(&remembered(&keys(), &it, &name(user), now()).unwrap());
            numbers.push(browser_of(&keys(), &it, &name(user), now()).unwrap());
        }
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 6);
        let known = |user: &&str| browser_of(&keys(), &it, &name(user), now()).is_some();
        assert_eq!(["sa", "sb", "sc", "sd", "se"].iter().filter(|u| known(u)).count(), MOST);
        assert!(!known(&"sb"), "the one who signed in longest ago is forgotten");
    }

    #[test]
    fn a_mark_fades_and_a_changed_one_is_none() {
        let cookie = remembered(&keys(), &request(&[]), &name("sa"), now()).unwrap();
        let it = browser(&cookie);
        let later = now() + jiff::SignedDuration::from_hours(24 * 90 + 1);
        assert_eq!(browser_of(&keys(), &it, &name("sa"), later), None);
        let mark = marks(&it).next().unwrap();
        for at in 0..LENGTH {
            let mut other = mark;
            other[at] ^= 1;
            let text = format!("{NAME}={}", URL_SAFE_NO_PAD.encode(other));
            assert_eq!(browser_of(&keys(), &request(&[("cookie", &text)]), &name("sa"), now()), None, "{at}");
        }
        for text in ["", ".", "....", "AAAA", "%%%", &"A".repeat(5_000)] {
            let pair = format!("{NAME}={text}");
            assert_eq!(
                browser_of(&keys(), &request(&[("cookie", &pair)]), &name("sa"), now()),
                None,
                "{text}"
            );
        }
    }
}
