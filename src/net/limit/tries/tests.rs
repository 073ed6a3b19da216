//! Who waits after wrong tries, how long, and who does not.

use super::*;

/// Addresses in networks of their own.
fn place(n: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0001 + (n << 8)).into()
}

fn code(address: IpAddr) -> Tries<'static> {
    Tries { address, user: None, browser: None }
}

/// Names live as long as a test needs them.
fn password(address: IpAddr, user: &str) -> Tries<'static> {
    let name: &'static UserName = Box::leak(Box::new(UserName::of(user)));
    Tries { address, user: Some(name), browser: None }
}

fn wrong(attempts: &Attempts, tries: Tries<'_>, times: usize) -> usize {
    (0..times).filter(|_| attempts.allow(tries).map(drop).is_ok()).count()
}

#[tokio::test(start_paused = true)]
async fn guessing_ends_within_twenty_tries() {
    for (tries, free) in [(password(place(1), "sa"), 10), (code(place(1)), 15)] {
        let attempts = Attempts::new();
        assert_eq!(wrong(&attempts, tries, 100), free);
        let problem = attempts.allow(tries).unwrap_err();
        assert_eq!((problem.kind, problem.retry_after), (&kind::TOO_MANY_TRIES, Some(5)));
        assert!(problem.detail.contains("5 seconds"), "{problem}");
        assert!(problem.detail_zh().is_some_and(|zh| zh.contains("5 秒")), "{problem:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guesser_keeps_out_nobody_elsewhere() {
    let attempts = Attempts::new();
    assert_eq!(wrong(&attempts, password(place(66), "sa"), 100), 10);
    attempts.allow(password(place(5), "sa")).unwrap().right();
    assert_eq!(
        wrong(&attempts, password(place(66), "sb"), 100),
        5,
        "the address has 15 for all users together"
    );
    assert!(attempts.allow(password(place(66), "sc")).is_err());
}

#[tokio::test(start_paused = true)]
async fn neighbouring_addresses_and_other_spellings_are_one_guesser() {
    let attempts = Attempts::new();
    let neighbours = (1..=200).map(|n| IpAddr::from([198, 51, 100, n]));
    let spellings = ["sa", "SA", " sa "].into_iter().cycle();
    let judged = neighbours.zip(spellings).filter(|(at, user)| attempts.allow(password(*at, user)).is_ok());
    assert_eq!(judged.count(), 10);
    let attempts = Attempts::new();
    let six = |n: u16| IpAddr::from([0x2001, 0xdb8, 1, n, n, 0, 0, 1]);
    assert_eq!((0..200).filter(|n| attempts.allow(password(six(*n), "sa")).is_ok()).count(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_known_browser_passes_beside_a_guesser_and_is_counted_by_itself() {
    let attempts = Attempts::new();
    let stranger = password(place(1), "sa");
    wrong(&attempts, stranger, 100);
    let known = Tries { browser: Some(Uuid::from_u128(7)), ..stranger };
    attempts.allow(known).unwrap().right();
    assert!(attempts.allow(stranger).is_err(), "the guesser gains nothing by it");
    assert_eq!(wrong(&attempts, known, 100), 10);
    assert!(attempts.allow(known).is_err());
    assert!(attempts.allow(Tries { browser: Some(Uuid::from_u128(8)), ..stranger }).is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_further_wrong_try_doubles_the_wait_up_to_a_quarter_of_an_hour() {
    let attempts = Attempts::new();
    wrong(&attempts, code(place(1)), 15);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let problem = attempts.allow(code(place(1))).unwrap_err();
        let wait = problem.retry_after.unwrap();
        assert_eq!(problem.detail.contains("minutes"), wait >= 120, "{problem}");
        waits.push(wait - 1);
        tokio::time::sleep(Duration::from_secs(wait.into())).await;
        attempts.allow(code(place(1))).map(drop).unwrap();
    }
    assert_eq!(waits, [4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
}

#[tokio::test(start_paused = true)]
async fn a_right_password_frees_its_user_but_not_the_address() {
    let attempts = Attempts::new();
    wrong(&attempts, password(place(1), "sa"), 9);
    attempts.allow(password(place(1), "sa")).unwrap().right();
    assert!(attempts.allow(password(place(2), "sa")).is_ok());
    for n in 0..6 {
        attempts.allow(password(place(1), &format!("other{n}"))).map(drop).unwrap();
    }
    assert!(attempts.allow(password(place(1), "sc")).is_err());
}

#[tokio::test(start_paused = true)]
async fn right_ones_and_those_nobody_looked_at_never_add_up() {
    let attempts = Attempts::new();
    for n in 0..100 {
        attempts.allow(password(place(1), &format!("u{n}"))).unwrap().right();
        attempts.allow(password(place(1), "sa")).unwrap().not_judged();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_bounded_and_fades() {
    let attempts = Attempts::new();
    for n in 0..30_000 {
        drop(attempts.allow(code(place(n))));
    }
    assert!(attempts.lock().len() <= MOST_REMEMBERED);
    wrong(&attempts, code(place(99_999)), 15);
    assert!(attempts.allow(code(place(99_999))).is_err());
    tokio::time::sleep(MEMORY + Duration::from_secs(1)).await;
    assert_eq!(wrong(&attempts, code(place(99_999)), 10), 10);
}

#[test]
fn an_ipv6_host_is_its_network() {
    let one: IpAddr = "2001:db8:1:2:aaaa::1".parse().unwrap();
    let two: IpAddr = "2001:db8:1:2:bbbb::2".parse().unwrap();
    assert_eq!(address(one), address(two));
    assert_eq!(address("::ffff:10.0.0.1".parse().unwrap()), address("10.0.0.1".parse().unwrap()));
}
