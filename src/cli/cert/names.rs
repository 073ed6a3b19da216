//! Which names and addresses a certificate may be made for. Pure: a name that no browser would accept is told here, with
//! the one that was probably meant.

use std::net::IpAddr;

/// Longest host name (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;
/// Longest label of one.
const LONGEST_LABEL: usize = 63;

/// The name or address as it stands in the certificate; else one sentence that says what is wrong with it.
pub(super) fn name(given: &str) -> Result<String, String> {
    match as_it_stands(given) {
        Ok(name) => Ok(name),
        Err(why) => Err(match meant(given) {
            Some(name) => format!("{given:?} is more than a name; give the name alone: {name}"),
            None => format!("{given:?} cannot stand in a certificate: {why}"),
        }),
    }
}

/// All of them, each once, in the order given.
pub(super) fn names(given: &[String]) -> Result<Vec<String>, String> {
    let mut all: Vec<String> = Vec::new();
    for one in given {
        let read = name(one)?;
        if !all.contains(&read) {
            all.push(read);
        }
    }
    Ok(all)
}

fn as_it_stands(given: &str) -> Result<String, &'static str> {
    if let Ok(address) = given.parse::<IpAddr>() {
        let is_nobody = address.is_unspecified() || address.is_multicast() || is_broadcast(address);
        return if is_nobody {
            Err("no machine is called by this address; give the one that phones will call")
        } else {
            Ok(address.to_string())
        };
    }
    let lower = given.to_ascii_lowercase();
    let host = lower.strip_prefix("*.").unwrap_or(&lower);
    if host.contains('*') || (host.len() < lower.len() && !host.contains('.')) {
        return Err(
            "a star stands for the whole first part of a name of at least three, as in *.survey.example.org",
        );
    }
    host_name(host).map(|()| lower.clone())
}

/// Letters, digits and hyphens in labels (RFC 1123, section 2.1).
fn host_name(host: &str) -> Result<(), &'static str> {
    if host.is_empty() {
        return Err("it is empty");
    }
    if host.chars().any(char::is_whitespace) {
        return Err("it holds a space; several names are given one by one");
    }
    if host.contains([',', ';']) {
        return Err("several names are given one by one, with a space between them");
    }
    if !host.is_ascii() {
        return Err(
            "write it in the form that begins with xn--, as a browser copies it from its address bar",
        );
    }
    if host.len() > LONGEST {
        return Err("it is longer than 253 characters");
    }
    for label in host.split('.') {
        if label.is_empty() {
            return Err("a part between two dots is empty");
        }
        if label.len() > LONGEST_LABEL {
            return Err("a part between two dots is longer than 63 characters");
        }
        let is_plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_plain || label.starts_with('-') || label.ends_with('-') {
            return Err("a host name has letters, digits and hyphens, and no hyphen at the edge of a part");
        }
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err("it looks like an address but is none");
    }
    Ok(())
}

fn is_broadcast(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(four) if four.is_broadcast())
}

/// The name inside an address of a page, or beside a port or a last dot.
fn meant(given: &str) -> Option<String> {
    let rest = given.trim().split_once("://").map_or(given.trim(), |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    let host = match rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((inner, _)) => inner,
        None => match rest.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !host.contains(':') => host,
            Some(_) | None => rest,
        },
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    as_it_stands(host).ok().filter(|name| name != given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_by_which_a_phone_can_call_are_taken() {
        for (given, want) in [
            ("survey.example.org", "survey.example.org"),
            ("Survey.Example.ORG", "survey.example.org"),
            ("localhost", "localhost"),
            ("xn--fiq228c.example", "xn--fiq228c.example"),
            ("*.survey.example", "*.survey.example"),
            ("192.168.1.10", "192.168.1.10"),
            ("fe80::1", "fe80::1"),
            ("FE80:0::1", "fe80::1"),
            ("3com.example", "3com.example"),
        ] {
            assert_eq!(name(given).as_deref(), Ok(want), "{given}");
        }
    }

    #[test]
    fn what_no_browser_accepts_is_refused_and_named() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = vec!["a"; 140].join(".");
        for given in [
            "",
            " ",
            "*",
            "*.",
            "*.example",
            "**.survey.example",
            "a.*.example",
            "w*.survey.example",
            "a b",
            "a,b",
            "-a.example",
            "a-.example",
            "a..example",
            ".example",
            "under_score.example",
            "调查.example",
            "192.168.1.300",
            "192.168.1",
            "192.168.001.010",
            "0.0.0.0",
            "::",
            "255.255.255.255",
            "224.0.0.1",
            "fe80::1%eth0",
            "a\0b",
            long.as_str(),
            longer.as_str(),
        ] {
            let told = name(given).unwrap_err();
            assert!(told.contains("cannot stand in a certificate"), "{given}: {told}");
        }
    }

    #[test]
    fn who_gives_more_than_a_name_is_told_which_name() {
        for (given, want) in [
            ("https://survey.example.org", "survey.example.org"),
            ("https://survey.example.org:8443/ca.crt", "survey.example.org"),
            ("survey.example.org:8443", "survey.example.org"),
            ("survey.example.org/", "survey.example.org"),
            ("survey.example.org.", "survey.example.org"),
            ("192.168.1.10:8443", "192.168.1.10"),
            ("192.168.1.0/24", "192.168.1.0"),
            ("[fe80::1]:8443", "fe80::1"),
            ("office@survey.example.org", "survey.example.org"),
            (" survey.example.org ", "survey.example.org"),
        ] {
            let told = name(given).unwrap_err();
            assert!(told.ends_with(&format!("give the name alone: {want}")), "{given}: {told}");
        }
    }

    #[test]
    fn a_name_given_twice_stands_once() {
        let given = ["b.example", "A.example", "a.example", "b.example"].map(str::to_owned);
        assert_eq!(names(&given).unwrap(), ["b.example", "a.example"]);
    }
}
